/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.c: who dies when nothing can be freed any more.
 *
 * The process with the most pages mapped, raised or lowered by oom_score_adj
 * in thousandths of RAM as on Linux (-1000: never).  While a victim of the last
 * GRACE_NS still has its memory, nobody else is killed.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"
#include "kuni/task.h"

#define GRACE_NS   500000000ULL
#define TRIES      2500
#define PAUSE      2000000ULL /* ns: for the victim to die */
#define RECLAIM    64         /* pages */
#define NEVER_KILL (-1000)

bool oom_killed_init;

static struct mm *last_mm; /* [tasklist] identity only */
static uint64_t last_time; /* [tasklist] */

static struct mm *mm_of(const struct process *p)
{
	const struct task *t;

	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		if (t->mm)
			return t->mm;
	}
	return NULL;
}

static int64_t score(const struct process *p, uint64_t total)
{
	const struct mm *m = mm_of(p);
	uint64_t rss = m ? mm_rss_of(m) : 0;

	if (p->zombie || !rss || p->oom_score_adj == NEVER_KILL)
		return INT64_MIN;
	return (int64_t)rss + p->oom_score_adj * (int64_t)(total / 1000);
}

/* The victim with a reference; NULL: nobody, or one is dying already. */
static struct process *choose(uint64_t total, uint64_t *rss)
{
	struct process *p, *best = NULL;
	int64_t most = INT64_MIN;
	uint64_t now = arch_clock_ns();

	spin_lock(&tasklist_lock);
	if (last_mm && now - last_time < GRACE_NS && mm_rss_of(last_mm)) {
		spin_unlock(&tasklist_lock);
		return NULL;
	}
	LIST_FOREACH(p, &all_processes, all_link)
	{
		int64_t s = score(p, total);

		if (s > most) {
			most = s;
			best = p;
		}
	}
	if (best) {
		process_get(best);
		last_mm = mm_of(best);
		last_time = now;
		*rss = mm_rss_of(last_mm);
	}
	spin_unlock(&tasklist_lock);
	return best;
}

static void oom_kill(void)
{
	uint64_t rss = 0;
	struct mm_stats s;
	struct process *p;

	mm_stats(&s);
	p = choose(s.total, &rss);
	if (!p)
		return;
	klog(KLOG_WARN,
	     "oom: killed pid=%d rss_kib=%lu total_kib=%lu cached_kib=%lu",
	     p->pid, (unsigned long)(rss * 4), (unsigned long)(s.total * 4),
	     (unsigned long)(s.cached * 4));
	if (p == init_process)
		oom_killed_init = true;
	signal_kill_process(p);
	process_put(p);
}

bool mm_make_room(unsigned try)
{
	if (signal_fatal_pending())
		return false;
	if (pagecache_reclaim(RECLAIM))
		return true;
	oom_kill();
	if (try >= TRIES || signal_fatal_pending())
		return false;
	sched_prepare(TASK_SLEEP_HARD);
	(void)sched_sleep(arch_clock_ns() + PAUSE);
	sched_finish();
	return true;
}

void mm_balance(void)
{
	if (page_is_low(1) && !pagecache_reclaim(RECLAIM) && page_is_low(4))
		oom_kill();
	current->mem_low = false; /* what this took is not looked at again */
}
