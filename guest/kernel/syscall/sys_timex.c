/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_timex.c: adjtimex(2).  The clock is the host's, which disciplines it;
 * here it can be read as one that nobody has, and moved (ADJ_SETOFFSET).
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

#define ADJ_SETOFFSET 0x100U
#define ADJ_NANO      0x2000U
#define STA_UNSYNC    0x40
#define TIME_ERROR    5
#define UNKNOWN_US    16000000 /* Linux's "no idea" for both errors */

struct lx_timex {
	uint32_t modes, pad0;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad1;
	int64_t constant, precision, tolerance;
	struct lx_timeval time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift, pad2;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai, pad3[11];
};
_Static_assert(sizeof(struct lx_timex) == 208, "Linux's");

static int set_offset(const struct lx_timex *tx)
{
	int64_t frac = tx->time.usec, unit = 1000;
	int64_t ns;

	if (tx->modes & ADJ_NANO)
		unit = 1;
	if (frac < 0 || frac * unit >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	if (tx->time.sec > INT32_MAX || tx->time.sec < INT32_MIN)
		return -EINVAL;
	ns = tx->time.sec * (int64_t)NSEC_PER_SEC + frac * unit;
	if ((int64_t)arch_wall_offset_ns() + ns < 0)
		return -EINVAL;
	arch_wall_offset_set(arch_wall_offset_ns() + (uint64_t)ns);
	return 0;
}

long sys_adjtimex(uaddr_t utx)
{
	struct lx_timex tx, out;
	uint64_t now;
	int ret;

	if (copy_from_user(&tx, utx, sizeof(tx)))
		return -EFAULT;
	if (tx.modes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (tx.modes & ~(ADJ_SETOFFSET | ADJ_NANO))
		return -EOPNOTSUPP;
	ret = tx.modes & ADJ_SETOFFSET ? set_offset(&tx) : 0;
	if (ret)
		return ret;
	now = arch_clock_ns() + arch_wall_offset_ns();
	memset(&out, 0, sizeof(out));
	out.modes = tx.modes;
	out.maxerror = out.esterror = UNKNOWN_US;
	out.status = STA_UNSYNC;
	out.constant = 2;
	out.precision = 1;
	out.tolerance = 32768000;
	out.time.sec = (int64_t)(now / NSEC_PER_SEC);
	out.time.usec = (int64_t)(now % NSEC_PER_SEC / 1000);
	out.tick = 10000;
	return copy_to_user(utx, &out, sizeof(out)) ? -EFAULT : TIME_ERROR;
}

long sys_clock_adjtime(int clock, uaddr_t utx)
{
	if (clock != CLOCK_REALTIME)
		return clock >= 0 && clock <= CLOCK_TAI ? -EOPNOTSUPP : -EINVAL;
	return sys_adjtimex(utx);
}
