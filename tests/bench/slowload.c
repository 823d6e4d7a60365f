/* slowload - holds -c connections that never log in and send a byte now and then: those of even number on -p (SMTP), the others on -q
 * (IMAP over TLS, handshake done). Prints READY once all have been greeted; one that the server ends is opened anew. Runs until it is
 * killed, or -t seconds. */
#include "bench.h"
static int o_conns = 100, o_smtp, o_imaps;
static double o_pause = 5, o_ramp = 400;
static long g_ready, g_ended;
static double t0;

static void drip(conn *c)
{
	static const char word[] = "A1 LOGIN \"u0@bench.test\" \"";
	int imap = c->id % 2, known = 0;
	size_t n;
	for (;;) {
		g_port = imap ? o_imaps : o_smtp; /* read by c_open before it yields */
		if (c_open(c, imap) < 0 || !c_line(c, &n)) {
			g_fail++;
			c_close(c);
			co_sleep(c, 1);
			continue;
		}
		if (!known++ && ++g_ready == o_conns) {
			printf("READY conns=%ld fail=%ld ended=%ld secs=%.2f\n", g_ready,
					g_fail, g_ended, now() - t0);
			fflush(stdout);
		}
		free(c->buf);
		c->buf = 0;
		c->cap = c->pos = c->len = 0;
		for (size_t i = 0; c_write(c, &word[i % (sizeof word - 1)], 1) == 0; i++)
			co_sleep(c, o_pause);
		g_ended++;
		c_close(c);
	}
}
int main(int n, char **v)
{
	double lim = 300;
	for (int o; (o = getopt(n, v, "H:p:q:c:D:A:t:")) > 0;)
		switch (o) {
		case 'H':
			g_host = optarg;
			break;
		case 'p':
			o_smtp = atoi(optarg);
			break;
		case 'q':
			o_imaps = atoi(optarg);
			break;
		case 'c':
			o_conns = atoi(optarg);
			break;
		case 'D':
			o_pause = atof(optarg);
			break;
		case 'A':
			g_sources = atoi(optarg);
			break;
		case 't':
			lim = atof(optarg);
			break;
		default:
			die("slowload -p smtp-port -q imaps-port [-H ip] [-c conns] [-D "
			    "seconds-between-bytes] [-A source-addresses] [-t secs]");
		}
	if (!o_smtp || !o_imaps)
		die("need -p and -q");
	t0 = now();
	g_deadline = t0 + lim;
	for (int i = 0; i < o_conns; i++)
		spawn(drip, i, 0)->wake = t0 + i / o_ramp;
	loop();
	return 1; /* nobody ended it */
}
