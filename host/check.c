/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: `kuni check`: what this host can do, and what auto chooses. */
#include <errno.h>
#include <stdio.h>

#include "host/hypervisor.h"
#include "host/vm.h"

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
	if (r < 0)
		return r;
	if (has_kvm && has_qemu)
		return err_set(e, ENODEV, "no hypervisor works on this host");
	return 0;
}
