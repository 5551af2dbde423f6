/* SPDX-License-Identifier: Apache-2.0 */
/* schedrule.h: whose scheduling a call is about, and who may change it. */
#ifndef KUNI_SCHEDRULE_H
#define KUNI_SCHEDRULE_H

#include "guest/kernel/task/internal.h"

struct task *sched_target(int tid);
bool sched_same_owner(struct task *t);
bool sched_policy_ok(int policy, int prio);
int sched_may_nice(struct task *t, int nice) MUST_CHECK;
int sched_may_set(struct task *t, int policy, int prio, int nice) MUST_CHECK;

#endif
