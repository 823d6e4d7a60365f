#include "runtime/base/system_calls.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

bool process_is_sanitized(void)
{
#ifdef SANITIZED
	return true;
#else
	return false;
#endif
}

#if defined(ARCHITECTURE) && !defined(SANITIZED)

enum {
	LONGEST_RULE = 6, /* instructions */
	HEAD = 4,
};

/* The low half of an argument: on both machines it comes first. */
static uint32_t place_of(unsigned argument)
{
	return (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (argument - 1));
}

/* Passes the call, or leaves the accumulator with the call's number for the next rule. */
static struct sock_filter *add_rule(
		struct sock_filter *at, const struct system_call *call)
{
	const struct sock_filter number = BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	const struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	uint32_t k = (uint32_t)call->number;

	if (!call->argument) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
		*at++ = pass;
		return at;
	}
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0,
			call->test == SYSTEM_CALL_WITH ? 5 : 4);
	*at++ = (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, place_of(call->argument));
	switch (call->test) {
	case SYSTEM_CALL_EQUAL:
		*at++ = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1);
		break;
	case SYSTEM_CALL_WITHOUT:
		*at++ = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JSET | BPF_K, call->value, 1, 0);
		break;
	case SYSTEM_CALL_WITH:
		*at++ = (struct sock_filter)BPF_STMT(
				BPF_ALU | BPF_AND | BPF_K, call->value);
		*at++ = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, call->value, 0, 1);
		break;
	}
	*at++ = pass;
	*at++ = number;
	return at;
}

int system_calls_filter(const struct system_call *calls, unsigned count, bool kill)
{
	CLEANUP(freep)
	struct sock_filter *filter =
			xcalloc(HEAD + LONGEST_RULE * count + 1, sizeof(*filter));
	struct sock_filter *at = filter;
	struct sock_fprog program;
	int r;

	*at++ = (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	*at++ = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	*at++ = (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < count; i++)
		at = add_rule(at, &calls[i]);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
			kill ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | ENOSYS);
	program = (struct sock_fprog){ (unsigned short)(at - filter), filter };
	r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
	if (r == -EINVAL || r == -ENOSYS)
		return SYSTEM_CALLS_E_UNKNOWN;
	return r ? fault(r) : SYSTEM_CALLS_OK;
}

const char *system_calls_why_not(void)
{
	return "this kernel filters no system calls (seccomp)";
}

#else

int system_calls_filter(const struct system_call *calls, unsigned count, bool kill)
{
	(void)calls;
	(void)count;
	(void)kill;
	return SYSTEM_CALLS_E_UNKNOWN;
}

const char *system_calls_why_not(void)
{
#ifdef SANITIZED
	return "this build has a sanitizer, which makes system calls of its own";
#else
	return "there is no filter of system calls (seccomp) for this processor yet";
#endif
}

#endif
