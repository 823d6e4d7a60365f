#include "runtime/queue/retry.h"

#include "runtime/base/view.h"

nstime retry_delay(unsigned attempts, uint32_t random)
{
	static const int minutes[] = { 1, 5, 10, 20, 40, 60, 90, 120, 180,
		RETRY_LONGEST_S / 60 * 4 / 5 };
	size_t row = attempts ? attempts - 1 : 0;
	nstime middle;

	if (row >= ARRAY_LEN(minutes))
		row = ARRAY_LEN(minutes) - 1;
	middle = nstime_seconds(60 * minutes[row]);
	return middle - middle / 4 + middle / 2 / 1024 * (random % 1024);
}

bool retry_is_over(unsigned attempts, walltime age)
{
	return attempts >= RETRY_ATTEMPTS && age >= RETRY_EXPIRES_S;
}

nstime retry_left(walltime due, walltime now)
{
	if (due <= now)
		return 0;
	return nstime_seconds(due - now < RETRY_LONGEST_S ? due - now : RETRY_LONGEST_S);
}
