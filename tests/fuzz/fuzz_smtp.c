/* Whole, byte by byte and split at random an SMTP session says the same. The first byte
 * chooses the port; what the world answers is drawn from the input's hash. An octet 0xff
 * ends a flight: the peer waits for what is said to it, as DATA and STARTTLS want it. */
#include "runtime/smtp/smtp_server.h"
#include "tests/lib/trickle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	IS_SUBMISSION = 1 << 0,
	HAS_TLS = 1 << 1,
	NO_STARTTLS = 1 << 2,
	IS_SMALL = 1 << 3,    /* messages of at most 100 bytes */
	IS_FRIENDLY = 1 << 4, /* the world grants all */
	HAS_DSN = 1 << 5
};

#define END_OF_FLIGHT '\xff'

struct world {
	bool friendly;
	uint64_t draws;
};

/* FNV-1a: fixed, so that a seed found once is found again. */
static uint64_t hash(const uint8_t *data, size_t size)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 0x100000001b3;
	return h;
}

static struct engine *open_session(void *state, struct view words, nstime now)
{
	unsigned char flags = (unsigned char)words.data[0];
	const struct smtp_options options = {
		.mode = flags & IS_SUBMISSION ? SMTP_SUBMISSION : SMTP_MX,
		.name = VIEW("mx.example.org"),
		.message_size = flags & IS_SMALL ? 100 : 1000000,
		.tls = flags & HAS_TLS,
		.starttls = !(flags & NO_STARTTLS),
		.dsn = flags & HAS_DSN,
	};

	(void)state;
	return smtp_server_new(&options, now);
}

static void perform(void *state, struct op *op)
{
	static const char *const refusals[] = { "550 5.1.1 No", "452 4.3.1 Not now",
		"550", "5\r\n\xff 2" };
	struct world *w = state;
	uint64_t drawn;

	w->draws = w->draws * 6364136223846793005 + 1442695040888963407;
	drawn = w->draws >> 33;
	if (op->kind == SMTP_OP_LOGIN) {
		((struct smtp_login *)op)->outcome =
				w->friendly ? SMTP_LOGIN_OK
					    : (enum smtp_login_outcome)(drawn % 3);
		return;
	}
	if (!w->friendly && drawn % 8 < ARRAY_LEN(refusals))
		buf_add_z(&((struct smtp_op *)op)->reply, refusals[drawn % 8]);
	else if (op->kind == SMTP_OP_COMMIT)
		buf_add_u64(&((struct smtp_commit *)op)->id, drawn % 100);
}

static void run(const uint8_t *data, size_t size, enum trickle_way way, uint64_t seed,
		struct buf *output)
{
	struct world w = { data[0] & IS_FRIENDLY, hash(data, size) };
	const struct trickle_world world = { .state = &w, .perform = perform };
	struct engine *engine = open_session(&w, view_of(data, 1), nstime_seconds(1000));
	struct trickle_talk *talk = trickle_talk_new(engine, &world, way, seed);
	struct view rest = view_of(data + 1, size - 1);

	do {
		buf_add(output, trickle_say(talk, view_cut(&rest, END_OF_FLIGHT)));
	} while (rest.data);
	buf_add(output, trickle_hang_up(talk));
	trickle_talk_free(talk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_free) struct buf whole = BUF_NULL(1 << 26);
	CLEANUP(buf_free) struct buf split = BUF_NULL(1 << 26);

	if (size == 0)
		return 0;
	run(data, size, TRICKLE_WHOLE, 0, &whole);
	run(data, size, TRICKLE_BYTES, 0, &split);
	if (!view_eq(buf_view(&whole), buf_view(&split)))
		abort();
	buf_clear(&split);
	run(data, size, TRICKLE_RANDOM, hash(data, size), &split);
	if (!view_eq(buf_view(&whole), buf_view(&split)))
		abort();
	return 0;
}
