# SPDX-License-Identifier: Apache-2.0
# bare.mk: the kernels of tests/guests/bare, one image for each file but rig.c.
# The runtime starts one with KUNI_GUEST=build/guests/NAME.elf.
BARE     := $(patsubst tests/guests/bare/%.c,$(B)/guests/%.elf,$(filter-out %/rig.c,$(wildcard tests/guests/bare/*.c)))
BARE_RIG := $(patsubst %,$(B)/guest/%.o,boot/start.S boot/pvh.S boot/pvh.c tests/guests/bare/rig.c)

$(B)/guests/%.elf: $(B)/guest/tests/guests/bare/%.c.o $(BARE_RIG) boot/kernel.lds
	$(Q)mkdir -p $(@D); echo "LD   $@"; $(CC) -nostdlib -static -Wl,-no-pie,--gc-sections,-z,max-page-size=4096,-z,noexecstack \
		-Wl,-T,boot/kernel.lds,--build-id=none,--orphan-handling=error -o $@ $(filter %.o,$^)
bare: $(BARE) ## build the kernels that break the device protocol
.PHONY: bare
.SECONDARY: $(BARE_RIG) $(patsubst $(B)/guests/%.elf,$(B)/guest/tests/guests/bare/%.c.o,$(BARE))
