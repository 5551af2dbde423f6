/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: `kuni check`: what this host can do, and what auto chooses. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/hypervisor.h"
#include "host/qemu_cmd.h"
#include "host/vm.h"

/* Whether cgroups are mounted so that a new process in one waits for RCU, as
 * KVM_CREATE_VM makes one on Linux 6.1 (bench/README.md). */
static bool cgroups_wait(void)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[1024];
	bool found = false, wait = false;

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " cgroup2 ")) {
			found = true;
			wait = !strstr(line, "favordynmods");
		}
	if (f)
		fclose(f);
	return found && wait;
}

/* What QEMU before 8.1 does when one CPU writes code that another runs for the
 * first time: it reads an instruction byte by byte, and may take some of them
 * from before the write and some from after. */
static void hint_torn_code(void)
{
	char path[PATH_MAX];
	unsigned major, minor;

	if (qemu_find(path) < 0 || qemu_version(path, &major, &minor) < 0 ||
	    major > 8 || (major == 8 && minor >= 1))
		return;
	printf("hint: without KVM, QEMU %u.%u may run half-written code where "
	       "several CPUs run what a program compiles (the JVM, rarely): "
	       "use QEMU 8.1 or newer, or --cpus 1\n",
	       major, minor);
}

int vm_check(struct err *e)
{
	char kvm[256], qemu[256];
	int has_kvm = kvm_ops.probe(kvm, sizeof(kvm));
	int has_qemu = qemu_ops.probe(qemu, sizeof(qemu));
	struct guest_image img;
	int r = image_open(&img, e);

	printf("guest kernel: %s\n", r < 0 ? e->msg : img.path);
	if (!r)
		image_close(&img);
	printf("kvm: %s: %s\n", has_kvm ? "no" : "yes", kvm);
	printf("qemu: %s: %s\n", has_qemu ? "no" : "yes", qemu);
	printf("auto: %s\n", !has_kvm    ? "kvm"
			     : !has_qemu ? "qemu, since kvm does not work here"
					 : "nothing works here");
	if (!has_kvm && cgroups_wait())
		printf("hint: on Linux 6.1 a start from rest waits some 6 ms, "
		       "not after: mount -o remount,favordynmods "
		       "CGROUP2-MOUNT-POINT\n");
	if (has_kvm && !has_qemu)
		hint_torn_code();
	if (r < 0)
		return r;
	if (has_kvm && has_qemu)
		return err_set(e, ENODEV, "no hypervisor works on this host");
	return 0;
}
