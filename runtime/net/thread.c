#include "runtime/net/thread.h"

#include "runtime/base/error.h"

#include <signal.h>
#include <stdio.h>

pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg)
{
	pthread_t thread;
	sigset_t all, before;
	char short_name[16];
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		die("cannot start a thread: raise the limit of tasks");
	snprintf(short_name, sizeof(short_name), "%.15s", name);
	pthread_setname_np(thread, short_name);
	return thread;
}
