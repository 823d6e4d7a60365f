/* Threads as this house starts them. */
#ifndef NET_THREAD_H
#define NET_THREAD_H

#include <pthread.h>

/* Starts a thread with every signal blocked: they are the main thread's, and a write to a
 * closed socket is EPIPE here. `name` is cut to 15 bytes. Ends the process where the
 * system refuses. */
pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg);

#endif
