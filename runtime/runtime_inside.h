/* The runtime's insides, for the files that make it up: runtime.c starts, configures and stops
 * it, runtime_mail.c has its accounts and what is under way, runtime_look.c what the agent
 * sees of it, runtime_desk.c what it asks the agent. */
#ifndef RUNTIME_RUNTIME_INSIDE_H
#define RUNTIME_RUNTIME_INSIDE_H

#include "runtime/runtime.h"

struct accounts;
struct admin;
struct delivery;
struct intake;
struct keyring;
struct ports;
struct resolver;
struct sending;
struct service;

struct runtime {
	struct service *service;
	struct keyring *keyring; /* for the keys of intake log and queue */
	struct accounts *accounts;
	struct delivery *delivery;
	struct intake *intake;
	struct sending *sending;   /* NULL: its queue does not open */
	struct resolver *resolver; /* NULL: there is none */
	struct ports *ports;
	struct admin *admin;
	bool configured;
};

#endif
