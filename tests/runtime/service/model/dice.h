/* Numbers at random, the same for the same seed. */
#ifndef TESTS_MODEL_DICE_H
#define TESTS_MODEL_DICE_H

#include <stdbool.h>
#include <stdint.h>

void dice_seed(uint64_t seed);
/* 0 … sides - 1. */
uint32_t dice(uint32_t sides);
/* True once in so many. */
bool once_in(uint32_t sides);

#endif
