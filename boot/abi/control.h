/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h: the framed multiplex on the virtio-console port.
 *
 * Both directions are byte streams of frames: a struct ctl_frame, then `len`
 * payload bytes.  Stream 0 is control; the stdio streams are numbered from 1
 * (1 stdin, 2 stdout, 3 stderr; with a terminal 1 carries both ways and 2, 3
 * are unused).  Flow control is by credit: a side may have at most the credit
 * it was given outstanding on a stream, so a full stream never blocks another
 * one, nor control.  Credit starts at CTL_INITIAL_CREDIT for each stream and
 * direction; a receiver returns credit (CTL_CREDIT) as its consumer takes the
 * bytes.  Credit counts DATA payload bytes only.
 *
 * A frame that breaks these rules (len over CTL_MAX_PAYLOAD, unknown type or
 * stream, more data than credit) is a protocol error: the host ends the VM
 * with HOST_ERROR and says why; the guest panics.
 */
#ifndef ABI_CONTROL_H
#define ABI_CONTROL_H

#include <stdint.h>
#include <stddef.h>

#define CTL_MAX_PAYLOAD    16384U
#define CTL_INITIAL_CREDIT 65536U
#define CTL_MAX_STREAMS    64U

enum ctl_stream { CTL_CONTROL, CTL_STDIN, CTL_STDOUT, CTL_STDERR };

struct ctl_frame {
	uint32_t len; /* payload bytes */
	uint16_t type;
	uint16_t stream;
};

enum ctl_type {
	/* both ways, on a stdio stream */
	CTL_DATA = 1, /* bytes */
	CTL_EOF,      /* empty: the writer has closed; no DATA follows */
	CTL_CLOSE,    /* empty: the reader has closed; DATA is dropped, EPIPE */
	CTL_CREDIT,   /* uint32_t: that many more bytes may be sent */
	/* host to guest, stream 0 */
	CTL_SIGNAL,  /* int32_t: send this signal to the container's init */
	CTL_WINSIZE, /* struct ctl_winsize */
	CTL_CLOCK,   /* uint64_t: CLOCK_REALTIME now, ns; in answer to STARTED
	              * where the guest's clock began at an unknown time */
	CTL_DUMP,    /* empty: say in the log what every task does */
	/* guest to host, stream 0 */
	CTL_STARTED,      /* empty: init's program is loaded and runs */
	CTL_START_FAILED, /* struct ctl_start_failed, then text without NUL */
	CTL_EXITED,       /* struct ctl_exited; all DATA was sent before it */
	CTL_MISSING, /* struct ctl_missing: a system call that is not there */
	CTL_TYPE_END,
};

struct ctl_winsize {
	uint16_t rows, cols, xpixel, ypixel;
};

struct ctl_start_failed {
	int32_t err;    /* errno, positive */
	uint32_t stage; /* enum ctl_stage */
};

enum ctl_stage {
	CTL_STAGE_MACHINE, /* memory, devices */
	CTL_STAGE_LAUNCH,  /* the launch description is wrong */
	CTL_STAGE_ROOT,    /* the root could not be mounted */
	CTL_STAGE_MOUNT,   /* a mount; the string is its destination */
	CTL_STAGE_CWD,
	CTL_STAGE_EXEC,   /* the string is the program */
	CTL_STAGE_STDIO,  /* standard streams, process.terminal */
	CTL_STAGE_SYSCTL, /* the string is its name */
};

struct ctl_exited {
	int32_t signal; /* 0: it exited by itself */
	int32_t code;   /* exit code when signal is 0 */
	uint32_t oom;   /* 1: killed because memory ran out */
	uint32_t pad;
};

struct ctl_missing {
	uint32_t nr, count;
};

/* What is written to PORT_EXIT: EXIT_STATUS | wait status in bits 8..23 (as
 * wait4 gives it), or one of the others.  It ends the VM; the console's
 * queues have been drained by the guest before. */
enum exit_port {
	EXIT_STATUS = 1, /* bits 8..23 hold the wait status */
	EXIT_OOM = 2,    /* the same, and memory ran out */
	EXIT_PANIC = 3,
	EXIT_FAILED = 4, /* CTL_START_FAILED was sent */
};

#endif
