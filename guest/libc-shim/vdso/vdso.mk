# SPDX-License-Identifier: Apache-2.0
# vdso.mk: the vDSO as a shared object, which vdso_image.S embeds.
VDSO_CFLAGS := -O2 -g0 -fPIC -ffreestanding -nostdinc -fno-stack-protector \
        -isystem $(shell $(CC) -print-file-name=include) -mno-red-zone \
        -mgeneral-regs-only -fvisibility=hidden -fno-asynchronous-unwind-tables \
        -fno-delete-null-pointer-checks -Iboot/abi -Iguest/kernel/include $(WARN)

$(B)/gen/vdso.so: $(wildcard guest/libc-shim/vdso/*.c) guest/libc-shim/vdso/vdso.lds \
                guest/kernel/include/kuni/vdso.h boot/abi/bootinfo.h
	$(Q)mkdir -p $(@D); echo "VDSO $@"; $(CC) $(VDSO_CFLAGS) -shared -nostdlib \
		-Wl,-T,guest/libc-shim/vdso/vdso.lds,-soname=linux-vdso.so.1,-Bsymbolic \
		-Wl,--hash-style=both,--build-id=none,-z,max-page-size=4096,-s -o $@ $(filter %.c,$^)

$(B)/guest/guest/libc-shim/vdso_image.S.o: $(B)/gen/vdso.so
