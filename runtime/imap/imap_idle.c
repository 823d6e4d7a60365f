/* IDLE (RFC 2177): what changes is told as it happens, until DONE. */
#include "runtime/imap/imap_command.h"

void imap_idle_proceed(struct imap_session *s, struct imap_op *answer)
{
	imap_say(s, VIEW("+ idling\r\n"));
	imap_want_line(s);
	if (s->view) /* what commands before it had to keep */
		imap_view_expunge(s->view, &s->out);
	if (s->view && s->view->changed)
		imap_sync(s);
}

void imap_idle_line(struct imap_session *s, struct view line)
{
	if (view_eq_nocase(line, VIEW("DONE")))
		imap_finish(s, VIEW("OK Idled"));
	else
		imap_reject(s, "BAD DONE is expected here");
}
