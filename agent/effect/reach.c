#include "agent/effect/reach.h"

#include "schema/agent_file.h"

bool reach_allowed(const struct agent_file *file, const struct sockaddr_storage *address)
{
	return connect_allowed(&file->connect, address);
}
