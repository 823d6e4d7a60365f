/* Faults between a vault and its target: the n-th call that changes something fails, or it is
 * the last one, as when the process is killed. */
#ifndef TESTS_AGENT_BACKUP_TARGET_FAULTS_H
#define TESTS_AGENT_BACKUP_TARGET_FAULTS_H

#include <stdint.h>

/* From now on the n-th call (1: the next) and all behind it do nothing and fail; 0: none. */
void faults_end_at(uint64_t n);
/* The n-th alone fails, once. */
void faults_fail_at(uint64_t n);
/* From now on nothing may be removed. */
void faults_refuse_removal(int refuse);
/* How often objects of a folder, "index/", were fetched. */
uint64_t faults_fetched(const char *folder);
/* Calls since the last of these. */
uint64_t faults_calls(void);

#endif
