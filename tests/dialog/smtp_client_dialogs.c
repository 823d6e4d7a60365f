/* Runs the dialogs of smtp_client/ in their world. */
#include "tests/dialog/smtp_client_world.h"
#include "tests/lib/trickle.h"

int main(int argc, char **argv)
{
	int r = trickle_main(argc, argv, smtp_client_world());

	smtp_client_world_end();
	return r;
}
