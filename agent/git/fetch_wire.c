#include "agent/git/fetch_wire.h"

#include "runtime/crypto/ssh_wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	HEAD = 5,      /* a length of four octets, and what it is */
	LOOK_MS = 200, /* how often it is asked whether to stop */
	PIECE = 64 * 1024,
};

static int wait_for(int fd, short events, nstime deadline, const atomic_bool *stopping)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = events };
		nstime left = deadline - clock_now();
		int ms = left < LOOK_MS * NS_PER_MS ? (int)(left / NS_PER_MS) + 1
						    : LOOK_MS;
		int n;

		if (left <= 0 || (stopping && atomic_load(stopping)))
			return FRAME_E_LATE;
		n = poll(&poll_fd, 1, ms);
		if (n > 0)
			return FRAME_OK;
		if (n < 0 && errno != EINTR)
			return FRAME_E_ENDED;
	}
}

static int send_all(
		int fd, struct view bytes, nstime deadline, const atomic_bool *stopping)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = FRAME_OK;

		if (n > 0)
			bytes = view_from(bytes, (size_t)n);
		else if (n < 0 && errno == EAGAIN)
			r = wait_for(fd, POLLOUT, deadline, stopping);
		else if (n == 0 || errno != EINTR)
			r = FRAME_E_ENDED;
		if (r)
			return r;
	}
	return FRAME_OK;
}

int frame_send(int fd, enum fetch_frame frame, struct view bytes, nstime deadline,
		const atomic_bool *stopping)
{
	CLEANUP(buf_wipe) struct buf head = BUF_NULL(HEAD);
	int r;

	if (bytes.len > FRAME_MAX)
		return FRAME_E_FORM;
	ssh_put_u32(&head, (uint32_t)bytes.len);
	buf_add_byte(&head, (char)frame);
	r = send_all(fd, buf_view(&head), deadline, stopping);
	return r ? r : send_all(fd, bytes, deadline, stopping);
}

static int receive_some(int fd, struct buf *out, size_t len, nstime deadline,
		const atomic_bool *stopping)
{
	while (len) {
		size_t piece = len < PIECE ? len : PIECE;
		char *room = buf_room(out, piece);
		ssize_t n;
		int r = FRAME_OK;

		if (!room)
			return FRAME_E_FORM;
		n = recv(fd, room, piece, MSG_DONTWAIT);
		if (n > 0) {
			buf_grown(out, (size_t)n);
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			r = wait_for(fd, POLLIN, deadline, stopping);
		} else if (n == 0 || errno != EINTR) {
			r = FRAME_E_ENDED;
		}
		if (r)
			return r;
	}
	return FRAME_OK;
}

int frame_receive(int fd, enum fetch_frame *frame_out, struct buf *out, nstime deadline,
		const atomic_bool *stopping)
{
	CLEANUP(buf_free) struct buf head = BUF_NULL(HEAD);
	struct ssh_wire wire;
	uint32_t len;
	int r = receive_some(fd, &head, HEAD, deadline, stopping);

	if (r)
		return r;
	wire = ssh_wire_of(buf_view(&head));
	len = ssh_take_u32(&wire);
	*frame_out = (enum fetch_frame)ssh_take_byte(&wire);
	if (len > FRAME_MAX)
		return FRAME_E_FORM;
	buf_clear(out);
	return receive_some(fd, out, len, deadline, stopping);
}

/* -- the request -- */

void fetch_request_write(const struct fetch_request *request, struct buf *out)
{
	const struct view texts[] = { request->url, request->ref, request->folder,
		request->identity, request->known_hosts, request->authority };
	const uint64_t numbers[] = { request->objects, request->bytes, request->seconds };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ssh_put_string(out, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		ssh_put_u32(out, (uint32_t)(numbers[i] >> 32));
		ssh_put_u32(out, (uint32_t)numbers[i]);
	}
}

static uint64_t take_u64(struct ssh_wire *wire)
{
	uint64_t high = ssh_take_u32(wire);

	return high << 32 | ssh_take_u32(wire);
}

bool fetch_request_read(struct view bytes, struct fetch_request *out)
{
	struct ssh_wire wire = ssh_wire_of(bytes);

	out->url = ssh_take_string(&wire);
	out->ref = ssh_take_string(&wire);
	out->folder = ssh_take_string(&wire);
	out->identity = ssh_take_string(&wire);
	out->known_hosts = ssh_take_string(&wire);
	out->authority = ssh_take_string(&wire);
	out->objects = take_u64(&wire);
	out->bytes = take_u64(&wire);
	out->seconds = take_u64(&wire);
	return ssh_wire_ended(&wire);
}
