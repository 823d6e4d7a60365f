#include "runtime/base/privileges.h"

#include "runtime/base/error.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOW_PORTS (1u << CAP_NET_BIND_SERVICE)

bool privileges_are_root(void)
{
	return geteuid() == 0;
}

/* The calling process's own: what it may use, and what it has. */
static int set_capabilities(unsigned low)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { low, low, 0 }, { 0, 0, 0 } };

	return syscall(SYS_capset, &head, data) ? fault_errno() : 0;
}

/* What no program that is ever started could get. */
static int empty_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return fault_errno();
	return 0;
}

static bool gets_back(void)
{
	return setuid(0) == 0 || setresuid(-1U, 0, -1U) == 0 || setgid(0) == 0 ||
	       set_capabilities(LOW_PORTS | 1u << CAP_SETUID) == 0;
}

int privileges_drop(const char *user)
{
	const struct passwd *entry = getpwnam(user);
	uid_t uid;
	gid_t gid;
	int r;

	if (!entry)
		return PRIVILEGES_E_NO_USER;
	uid = entry->pw_uid;
	gid = entry->pw_gid;
	if (uid == 0)
		return PRIVILEGES_E_ROOT;
	r = empty_bounding_set();
	if (r)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) ||
			setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return fault_errno();
	r = set_capabilities(LOW_PORTS);
	if (r)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fault_errno();
	return gets_back() ? PRIVILEGES_E_KEPT : PRIVILEGES_OK;
}
