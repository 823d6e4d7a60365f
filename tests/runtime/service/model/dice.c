#include "tests/runtime/service/model/dice.h"

/* splitmix64 */
static uint64_t state;

void dice_seed(uint64_t seed)
{
	state = seed;
}

uint32_t dice(uint32_t sides)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) % sides);
}

bool once_in(uint32_t sides)
{
	return dice(sides) == 0;
}
