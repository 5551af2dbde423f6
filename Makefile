# SPDX-License-Identifier: Apache-2.0
# kuni: one Makefile, no configure step.  `make help` lists what it can do.
# Every .c or .S file in a listed folder is built; adding a file needs no edit.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
B       ?= build
Q       := $(if $(V),,@)
DEBUG   ?= 0

comma := ,

# Folders, in dependency order.  guest/ never includes host/ or oci/, and back.
GUEST_DIRS := boot guest/kernel $(addprefix guest/kernel/,arch mm task fs fs/fuse net \
              net/inet syscall lib debug) guest/drivers guest/libc-shim
HOST_DIRS  := host host/virtio host/fuse oci
HOST_LIBS  := -ljansson -lseccomp -lcap-ng

WARN := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Walloca \
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
        -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wformat=2 \
        -Wimplicit-fallthrough -Wnull-dereference -Wdate-time -Wredundant-decls \
        $(if $(findstring clang,$(CC)),-Wno-gnu-variable-sized-type-not-at-end)
COMMON := $(WARN) -g -MMD -MP -fno-common -fno-strict-aliasing \
          -fstack-protector-strong -I. -Iboot/abi -I$(B)/gen
VERSION := 0.1.0

GUEST_ARCH   := -O2 -ffreestanding -nostdinc -isystem build/newlib/include \
        -isystem $(shell $(CC) -print-file-name=include) -fno-pie -mcmodel=kernel \
        -mno-red-zone -mgeneral-regs-only -fno-delete-null-pointer-checks \
        -fno-omit-frame-pointer -mstack-protector-guard=global -ffunction-sections
GUEST_CFLAGS := $(COMMON) $(GUEST_ARCH) -Wframe-larger-than=1024 \
        -Iguest/kernel/include -Iguest/libc-shim -DKUNI_DEBUG=$(DEBUG)
NEWLIB_CFLAGS := $(GUEST_ARCH) -g -w -std=gnu99 -DINTEGER_ONLY -D_COMPILING_NEWLIB \
        -fno-builtin $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)
HOST_CFLAGS  := $(COMMON) -O2 -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -fPIE -DKUNI_VERSION='"$(VERSION)"'
UNIT_CFLAGS  := $(COMMON) -O1 -D_GNU_SOURCE -DKUNI_UNIT -DKUNI_DEBUG=1 -DKUNI_VERSION='"unit"' \
        -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
        -Iguest/kernel/include -idirafter build/newlib/bsd -pthread

src   = $(foreach d,$(1),$(wildcard $(d)/*.c $(d)/*.S))
objs  = $(patsubst %,$(B)/$(2)/%.o,$(call src,$(1)))
GUEST_OBJS := $(call objs,$(GUEST_DIRS),guest)
HOST_OBJS  := $(call objs,$(HOST_DIRS),host)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))
GEN := $(addprefix $(B)/gen/,syscall_proto.h syscall_table.c syscall_strace.c syscall_doc.h)
include guest/libc-shim/newlib.mk
include guest/libc-shim/vdso/vdso.mk
include guest/kernel/net/inet/lwip.mk
NEWLIB := build/newlib/src/newlib/libc
GEN_OBJS := $(B)/guest/gen/syscall_table.o $(B)/guest/gen/syscall_strace.o
NEWLIB_OBJS := $(patsubst %,$(B)/nlobj/%.o,$(NEWLIB_SRCS))

all: $(B)/kuni $(B)/kuni-guest.elf ## build the runtime and the guest kernel

$(B)/kuni: $(HOST_OBJS)
	$(Q)echo "LD   $@"; $(CC) -static-pie -Wl,-z,now,-z,relro -o $@ $^ $(HOST_LIBS)

# Symbols stay in the image for backtraces; DWARF goes to its own file.
# Kernels of tests/guests: one that kills itself here, hostile ones in bare.mk.
LETHAL := $(B)/kuni-guest-lethal.elf
$(LETHAL): LINK := -Wl,--wrap=sys_personality
$(LETHAL): $(B)/guest/tests/guests/kernel/lethal.c.o
$(B)/kuni-guest.elf $(LETHAL): boot/kernel.lds $(GUEST_OBJS) $(GEN_OBJS) $(NEWLIB_OBJS) $(LWIP_OBJS)
	$(Q)echo "LD   $@"; $(CC) -nostdlib -static -Wl,-no-pie,--gc-sections,-z,max-page-size=4096,-z,noexecstack,--defsym=snprintf=sniprintf,--defsym=vsnprintf=vsniprintf \
		-Wl,-T,boot/kernel.lds,--build-id=none,--orphan-handling=error $(LINK) -o $@.debug $(filter %.o,$^)
	$(Q)objcopy --strip-debug $@.debug $@

build/newlib/.ready: tools/setup
	$(Q)tools/setup newlib; touch $@

$(B)/nlobj/%.o: build/newlib/.ready
	$(Q)mkdir -p $(@D); $(CC) $(NEWLIB_CFLAGS) $(if $(findstring vfiprintf,$*),-DSTRING_ONLY) \
		-I$(NEWLIB)/machine/x86_64 -I$(NEWLIB)/string -c -o $@ $(if $(findstring vfiprintf,$*),$(NEWLIB)/stdio/vfprintf.c,$(NEWLIB)/$*)

$(B)/guest/gen/%.o: $(B)/gen/%.c | build/newlib/.ready
	$(Q)mkdir -p $(@D); echo "GCC  $<"; $(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(B)/guest/%.o: % | $(GEN) build/newlib/.ready
	$(Q)mkdir -p $(@D); echo "GCC  $<"; $(CC) $(GUEST_CFLAGS) -c -o $@ $<

$(B)/host/%.o: % | $(GEN)
	$(Q)mkdir -p $(@D); echo "CC   $<"; $(CC) $(HOST_CFLAGS) -c -o $@ $<

# Allocations that tests/unit/nomem.c lets fail.
NOMEM := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc reallocarray aligned_alloc \
        free strdup strndup asprintf vasprintf)

# A unit test names the sources it needs on its first line:  // uses: a.c b.c
uses = $(shell sed -n '1s,^// uses: *,,p' tests/unit/$(1).c)
HEADERS := $(foreach d,boot/abi $(GUEST_DIRS) guest/kernel/include/kuni $(HOST_DIRS) tests/unit,$(wildcard $(d)/*.h))
.SECONDEXPANSION:
$(B)/unit/%: tests/unit/%.c $$(call uses,$$*) $(HEADERS) | $(GEN) build/newlib/.ready
	$(Q)mkdir -p $(@D); echo "UNIT $*"; $(CC) $(filter-out -MMD -MP,$(UNIT_CFLAGS)) -o $@ $< \
		$(call uses,$*) $(if $(findstring /nomem.c,$(call uses,$*)),$(NOMEM)) $(HOST_LIBS)

$(B)/gen/syscall_%: guest/kernel/syscall/syscalls.tbl guest/kernel/syscall/gen.awk
	$(Q)mkdir -p $(@D); awk -v what=syscall_$(basename $*) -f guest/kernel/syscall/gen.awk $< > $@

PREFIX ?= /usr/local
install: all ## into $(PREFIX), default /usr/local
	install -D -m 755 $(B)/kuni $(DESTDIR)$(PREFIX)/bin/kuni
	install -D -m 644 $(B)/kuni-guest.elf $(DESTDIR)$(PREFIX)/lib/kuni/kuni-guest.elf
	install -D -m 644 docs/kuni.1 $(DESTDIR)$(PREFIX)/share/man/man1/kuni.1

# Below demo and test: as many jobs as CPUs, unless make was told a number.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

packages: ; $(Q)tools/setup packages ## install what is missing (Debian, root)
demo: packages ## build, and run a container in a VM
	$(Q)$(SUBMAKE) all && tools/demo

include tests/guests/bare.mk tests/fuzz/fuzz.mk tests/lint/tidy.mk
unit: $(UNIT_TESTS) ## build the unit tests
lint: ; $(Q)tests/run lint ## layers, sizes, tables, format, clang-tidy
test: packages ## everything: both compilers, lint, unit tests, guests, the KVM lab
	$(Q)$(SUBMAKE) all $(LETHAL) bare unit fuzz || { echo 'make test: the build with gcc FAILED'; exit 1; }
	$(Q)$(SUBMAKE) B=build/clang CC=clang all || { echo 'make test: the build with clang FAILED'; exit 1; }
	$(Q)tests/run lint unit fuzz oci abi guests workloads lab

bench: all ## measure, beside the peers, into bench/results
	$(Q)bench/run
fmt: ; clang-format -i $(shell git ls-files '*.[ch]') ## reformat in place
help: ; @sed -n '/sed/!s/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16 ## this list
clean: ; rm -rf $(B)/guest $(B)/host $(B)/unit $(B)/fuzz $(B)/tidy $(B)/gen $(B)/kuni* ## remove what was built

.PHONY: all install packages demo unit lint test bench fmt help clean
.SECONDARY: $(GEN)
.DELETE_ON_ERROR:
-include $(shell find $(B)/guest $(B)/host -name '*.d' 2>/dev/null)
