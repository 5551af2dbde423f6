/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rseq.c: restartable sequences (rseq(2)).
 *
 * A registered thread is told its CPU, node and concurrency id whenever it has
 * been switched from, and a critical section that it was in is aborted then,
 * and before a signal handler.  rseq_event says that this is due; it is looked
 * at with everything else before user mode, so that a program without rseq
 * pays nothing.  A concurrency id is a small number that no two threads of an
 * address space have at once: taken here, given back at the switch.
 */
#include "internal.h"

#include "kuni/klog.h"
#include "layout.h"

#define RSEQ_UNREGISTER 1
#define CPU_ID_NONE     UINT32_MAX

struct lx_rseq {
	uint32_t cpu_id_start, cpu_id;
	uint64_t cs;
	uint32_t flags, node_id, mm_cid;
};
#define RSEQ_CS_AT      8
#define RSEQ_NODE_ID_AT 20

struct lx_rseq_cs {
	uint32_t version, flags;
	uint64_t start_ip, post_commit_offset, abort_ip;
};

static void cid_drop(struct task *t)
{
	if (t->mm_cid && t->mm)
		__atomic_fetch_and(&t->mm->cids, ~(1ULL << (t->mm_cid - 1)),
				   __ATOMIC_RELAXED);
	t->mm_cid = 0;
}

/* The lowest free one: at most as many are held as CPUs run. */
static unsigned cid_take(struct task *t)
{
	uint64_t old = __atomic_load_n(&t->mm->cids, __ATOMIC_RELAXED);

	while (!t->mm_cid && ~old) {
		unsigned n = (unsigned)__builtin_ctzll(~old);

		if (__atomic_compare_exchange_n(
			    &t->mm->cids, &old, old | 1ULL << n, false,
			    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			t->mm_cid = n + 1;
	}
	return t->mm_cid - 1;
}

/* t, which is current, stops running; t->rseq is set. */
void rseq_switched(struct task *t)
{
	t->rseq_event = true;
	cid_drop(t);
}

/* current is about to leave its address space. */
void rseq_leave(struct task *t)
{
	cid_drop(t);
	t->rseq = UADDR(0);
	t->rseq_len = t->rseq_sig = 0;
	t->rseq_event = false;
}

static int put_ids(const struct task *t, uint32_t start, uint32_t cpu,
		   uint32_t cid)
{
	uint32_t ids[2] = { start, cpu }, place[2] = { 0, cid };

	if (copy_to_user(t->rseq, ids, sizeof(ids)) ||
	    copy_to_user(UADDR(t->rseq.v + RSEQ_NODE_ID_AT), place,
			 sizeof(place)))
		return -EFAULT;
	return 0;
}

static int read_section(const struct task *t, uint64_t at,
			struct lx_rseq_cs *cs)
{
	uint32_t sig, flags;

	if (at >= USER_END || copy_from_user(cs, UADDR(at), sizeof(*cs)))
		return -EFAULT;
	if (cs->start_ip >= USER_END || cs->abort_ip >= USER_END ||
	    cs->version || cs->post_commit_offset >= USER_END ||
	    cs->start_ip + cs->post_commit_offset >= USER_END ||
	    cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EINVAL;
	if (copy_from_user(&sig, UADDR(cs->abort_ip - sizeof(sig)),
			   sizeof(sig)) ||
	    copy_from_user(&flags, UADDR(t->rseq.v + 16), sizeof(flags)))
		return -EFAULT;
	return sig != t->rseq_sig || cs->flags || flags ? -EINVAL : 0;
}

/* Out of the critical section that r is in. */
static int abort_section(struct task *t, struct arch_regs *r)
{
	uaddr_t ptr = UADDR(t->rseq.v + RSEQ_CS_AT);
	uint64_t at, ip = arch_regs_ip(r);
	struct lx_rseq_cs cs;
	int ret;

	if (copy_from_user(&at, ptr, sizeof(at)))
		return -EFAULT;
	if (!at)
		return 0;
	ret = read_section(t, at, &cs);
	if (ret)
		return ret;
	if (clear_user(ptr, sizeof(at)))
		return -EFAULT;
	if (ip - cs.start_ip < cs.post_commit_offset)
		arch_regs_set_ip(r, cs.abort_ip);
	return 0;
}

/* Before user mode after a switch; copying may sleep and switch again. */
void rseq_update(struct arch_regs *r)
{
	struct task *t = current;
	uint32_t cpu;

	t->rseq_event = false;
	if (!t->rseq.v)
		return;
	cpu = this_cpu()->id;
	if (abort_section(t, r) || put_ids(t, cpu, cpu, cid_take(t)))
		signal_force(SIGSEGV, SI_KERNEL, 0);
}

/* Before a handler's frame is made of r. */
void rseq_signal(struct arch_regs *r)
{
	if (abort_section(current, r))
		signal_force(SIGSEGV, SI_KERNEL, 0);
	current->rseq_event = true;
}

static long unregister(struct task *t, uaddr_t at, uint32_t len, uint32_t sig)
{
	if (!at.v || t->rseq.v != at.v || t->rseq_len != len)
		return -EINVAL;
	if (t->rseq_sig != sig)
		return -EPERM;
	if (put_ids(t, 0, CPU_ID_NONE, 0))
		return -EFAULT;
	rseq_leave(t);
	return 0;
}

/* rseq(2) */
long rseq_register(uaddr_t rseq, uint32_t len, int flags, uint32_t sig)
{
	struct task *t = current;

	if (flags == RSEQ_UNREGISTER)
		return unregister(t, rseq, len, sig);
	if (flags)
		return -EINVAL;
	if (t->rseq.v) {
		if (t->rseq.v != rseq.v || t->rseq_len != len)
			return -EINVAL;
		return t->rseq_sig != sig ? -EPERM : -EBUSY;
	}
	if (len < RSEQ_ORIG_SIZE || rseq.v % RSEQ_ALIGN)
		return -EINVAL;
	if (rseq.v >= USER_END || len > USER_END - rseq.v || !rseq.v)
		return -EFAULT;
	t->rseq = rseq;
	t->rseq_len = len;
	t->rseq_sig = sig;
	t->rseq_event = true;
	return 0;
}
