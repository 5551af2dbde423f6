# SPDX-License-Identifier: Apache-2.0
# tidy.mk: clang-tidy over every C file of guest and host.  A file is looked at
# again when its object was: the object's dependencies are the stamp's.
TIDY_SRC := $(filter %.c,$(call src,$(GUEST_DIRS) $(HOST_DIRS) guest/libc-shim/vdso))
# The analyzer's default of 225000 nodes a function costs six times as much.
TIDY_INC := -std=gnu11 -I. -Iboot/abi -I$(B)/gen -Xclang -analyzer-config -Xclang max-nodes=30000
tidy_guest = $(TIDY_INC) -O2 -ffreestanding -nostdinc -isystem build/newlib/include \
        -isystem $(CLANG_INCLUDE) -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
        -fno-delete-null-pointer-checks -Iguest/kernel/include -Iguest/libc-shim $(if $(findstring net/inet/,$(1)),$(LWIP_INC)) -DKUNI_DEBUG=1
tidy_host = $(TIDY_INC) -O2 -D_GNU_SOURCE -DKUNI_VERSION='"$(VERSION)"'
CLANG_INCLUDE = $(shell clang -print-file-name=include)
tidy_flags = $(if $(filter host/% oci/%,$(1)),$(tidy_host),$(tidy_guest))
tidy_object = $(if $(findstring /vdso/,$(1)),$(B)/gen/vdso.so,$(B)/$(if $(filter host/% oci/%,$(1)),host,guest)/$(1).o)


tidy: $(TIDY_SRC:%=$(B)/tidy/%) ## clang-tidy over what changed
$(B)/tidy/%: $$(call tidy_object,$$*) .clang-tidy guest/.clang-tidy boot/.clang-tidy
	$(Q)mkdir -p $(@D); clang-tidy --quiet $* -- $(call tidy_flags,$*) >$@.out 2>&1 \
		&& touch $@ && rm $@.out || { grep -v 'warnings\? generated' $@.out; rm $@.out; false; }
.PHONY: tidy
