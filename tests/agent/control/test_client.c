/* The command line's HTTP against an agent that says what the test wrote down. */
#include "agent/control/client.h"
#include "runtime/base/buf.h"
#include "runtime/base/error.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

/* Listens before the test begins; its thread takes one connection, reads one request whole,
 * answers with `answer` and hangs up. */
struct agent_script {
	char directory[64];
	char socket[96];
	int listener;
	const char *answer;
	struct buf request;
	pthread_t thread;
};

static int setup(void **state)
{
	struct agent_script *script = xcalloc(1, sizeof(*script));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(script->directory, "/tmp/posthus-client-XXXXXX");
	assert_non_null(mkdtemp(script->directory));
	snprintf(script->socket, sizeof(script->socket), "%s/socket", script->directory);
	strcpy(address.sun_path, script->socket);
	script->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(script->listener, (struct sockaddr *)&address,
					 sizeof(address)),
			0);
	assert_int_equal(listen(script->listener, 1), 0);
	script->request = BUF_NULL(1024 * 1024);
	*state = script;
	return 0;
}

static int teardown(void **state)
{
	struct agent_script *script = *state;

	close(script->listener);
	unlink(script->socket);
	rmdir(script->directory);
	buf_free(&script->request);
	free(script);
	return 0;
}

static bool is_whole(struct view request)
{
	size_t head = view_find_view(request, VIEW("\r\n\r\n"));
	size_t field = view_find_view(request, VIEW("Content-Length: "));
	struct view rest = view_from(request, field + sizeof("Content-Length: ") - 1);
	uint64_t length = 0;

	if (head == request.len)
		return false;
	if (field < head && !view_to_u64(view_cut(&rest, '\r'), &length))
		return false;
	return request.len == head + 4 + length;
}

static void *serve_once(void *argument)
{
	struct agent_script *script = argument;
	int fd = accept(script->listener, NULL, NULL);
	char bytes[4096];
	ssize_t n;

	while (!is_whole(buf_view(&script->request)) &&
			(n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(&script->request, view_of(bytes, (size_t)n));
	if (send(fd, script->answer, strlen(script->answer), MSG_NOSIGNAL) < 0)
		abort();
	close(fd);
	return NULL;
}

static int call(struct agent_script *script, const char *answer, const char *method,
		const char *target, const json_t *body, struct control_reply *out)
{
	int r;

	script->answer = answer;
	buf_clear(&script->request);
	assert_int_equal(pthread_create(&script->thread, NULL, serve_once, script), 0);
	r = control_call(script->socket, method, target, body, out);
	assert_int_equal(pthread_join(script->thread, NULL), 0);
	return r;
}

static bool asked(const struct agent_script *script, const char *part)
{
	struct view request = buf_view(&script->request);

	return view_find_view(request, view_z(part)) < request.len;
}

static void an_answer_comes_with_its_status(void **state)
{
	struct agent_script *script = *state;
	struct control_reply reply;

	assert_int_equal(call(script,
					 OK "Content-Length: 26\r\n\r\n"
					    "{\"exit\": 4, \"text\": \"a\\n\"}",
					 "GET", "/v1/status?object=user/anna", NULL,
					 &reply),
			0);
	assert_int_equal(reply.status, 200);
	assert_int_equal(json_integer_value(json_object_get(reply.body, "exit")), 4);
	assert_string_equal(
			json_string_value(json_object_get(reply.body, "text")), "a\n");
	json_decref(reply.body);
	assert_true(asked(script, "GET /v1/status?object=user/anna HTTP/1.1\r\n"));
	assert_false(asked(script, "Content-Length"));

	assert_int_equal(call(script,
					 "HTTP/1.1 404 Not Found\r\n\r\n"
					 "{\"exit\": 1, \"text\": \"\"}",
					 "GET", "/", NULL, &reply),
			0);
	assert_int_equal(reply.status, 404);
	json_decref(reply.body);
}

static void a_body_is_sent_as_json(void **state)
{
	struct agent_script *script = *state;
	struct control_reply reply;
	json_t *body = json_pack("{s:s}", "account", "caf\xc3\xa9");

	assert_int_equal(call(script, OK "\r\n{\"exit\": 0}", "POST", "/v1/password",
					 body, &reply),
			0);
	json_decref(reply.body);
	json_decref(body);
	assert_true(asked(script, "POST /v1/password HTTP/1.1\r\n"));
	assert_true(asked(script, "Content-Type: application/json\r\n"));
	assert_true(asked(script, "\r\n\r\n{\"account\":\"caf\xc3\xa9\"}"));
	assert_false(asked(script, "Expect:"));
}

static void a_long_body_is_sent_whole(void **state)
{
	struct agent_script *script = *state;
	CLEANUP(freep) char *text = xmalloc(300 * 1024);
	struct control_reply reply;
	json_t *body;

	memset(text, 'x', 300 * 1024);
	body = json_pack("{s:s#}", "text", text, 300 * 1024);
	assert_int_equal(call(script, OK "\r\n{\"exit\": 0}", "POST", "/v1/plan", body,
					 &reply),
			0);
	assert_true(script->request.len > 300 * 1024);
	json_decref(reply.body);
	json_decref(body);
}

static void what_is_no_answer_is_broken(void **state)
{
	static const char *const answers[] = {
		"",
		"220 mail.example.org ESMTP\r\n",
		"HTTP/1.1 200 OK\r\nContent-Le",
		OK "\r\n",
		OK "\r\nhello",
		OK "\r\n[]",
		OK "\r\n{}",
		OK "\r\n{\"exit\": \"0\"}",
		OK "\r\n{\"exit\": 9}",
		OK "\r\n{\"exit\": -1}",
		OK "\r\n{\"exit\": 256}",
		OK "\r\n{\"exit\": 0, \"exit\": 1}",
		OK "Content-Length: 100\r\n\r\n{\"exit\": 0}",
		"HTTP/1.1 500 Internal Server Error\r\n\r\n",
		"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
	};
	struct agent_script *script = *state;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct control_reply reply;

		if (call(script, answers[i], "GET", "/", NULL, &reply) !=
				CONTROL_E_BROKEN)
			fail_msg("taken as an answer: %s", answers[i]);
	}
}

static void a_403_is_denied_whatever_its_body(void **state)
{
	struct agent_script *script = *state;
	struct control_reply reply;

	assert_int_equal(call(script,
					 "HTTP/1.1 403 Forbidden\r\nContent-Length: "
					 "0\r\n\r\n",
					 "GET", "/", NULL, &reply),
			CONTROL_E_DENIED);
	assert_int_equal(call(script, "HTTP/1.1 403 Forbidden\r\n\r\n{\"exit\": 0}",
					 "GET", "/", NULL, &reply),
			CONTROL_E_DENIED);
}

static void nobody_at_the_socket_is_absent(void **state)
{
	struct agent_script *script = *state;
	struct control_reply reply;
	char path[200];

	snprintf(path, sizeof(path), "%s/none", script->directory);
	assert_int_equal(control_call(path, "GET", "/", NULL, &reply), CONTROL_E_ABSENT);
	/* a socket that a dead agent left */
	close(script->listener);
	script->listener = -1;
	assert_int_equal(control_call(script->socket, "GET", "/", NULL, &reply),
			CONTROL_E_ABSENT);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_call(path, "GET", "/", NULL, &reply), CONTROL_E_ABSENT);
}

/* Root may open any socket, so this is asked in a child that is not root. */
static void a_socket_of_others_is_denied(void **state)
{
	struct agent_script *script = *state;
	struct control_reply reply;
	int status;
	pid_t child;

	assert_int_equal(chmod(script->socket, 0600), 0);
	assert_int_equal(chmod(script->directory, 0755), 0);
	if (geteuid() != 0)
		skip();
	child = fork();
	if (child == 0)
		_exit(setuid(65534) ? 100
				    : control_call(script->socket, "GET", "/", NULL,
						      &reply));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CONTROL_E_DENIED);
	/* nor may the folder around it be entered */
	assert_int_equal(chmod(script->directory, 0700), 0);
	child = fork();
	if (child == 0)
		_exit(setuid(65534) ? 100
				    : control_call(script->socket, "GET", "/", NULL,
						      &reply));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), CONTROL_E_DENIED);
}

static void a_target_that_is_too_long_is_not_sent(void **state)
{
	CLEANUP(freep) char *target = xmalloc(10001);
	struct agent_script *script = *state;
	struct control_reply reply;

	memset(target, 'a', 10000);
	target[10000] = '\0';
	assert_int_equal(control_call(script->socket, "GET", target, NULL, &reply),
			CONTROL_E_BROKEN);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_answer_comes_with_its_status),
		CASE(a_body_is_sent_as_json),
		CASE(a_long_body_is_sent_whole),
		CASE(what_is_no_answer_is_broken),
		CASE(a_403_is_denied_whatever_its_body),
		CASE(nobody_at_the_socket_is_absent),
		CASE(a_socket_of_others_is_denied),
		CASE(a_target_that_is_too_long_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
