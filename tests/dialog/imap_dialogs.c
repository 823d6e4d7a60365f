/* Runs the dialogs of imap/ in their world. */
#include "tests/dialog/imap_world.h"
#include "tests/lib/trickle.h"

int main(int argc, char **argv)
{
	return trickle_main(argc, argv, imap_world());
}
