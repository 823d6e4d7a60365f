/* Runs the dialogs of smtp/ in their world. */
#include "tests/dialog/smtp_world.h"
#include "tests/lib/trickle.h"

int main(int argc, char **argv)
{
	int r = trickle_main(argc, argv, smtp_world());

	smtp_world_end();
	return r;
}
