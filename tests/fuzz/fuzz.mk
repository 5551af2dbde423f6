# SPDX-License-Identifier: Apache-2.0
# fuzz.mk: the fuzzers, with clang's libFuzzer; their first line names their
# sources, as in tests/unit.
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_CFLAGS := $(filter-out -MMD -MP -O1,$(UNIT_CFLAGS)) -O1 \
        -fsanitize=fuzzer -Wno-gnu-variable-sized-type-not-at-end
fuzz_uses = $(shell sed -n '1s,^// uses: *,,p' tests/fuzz/$(1).c)

$(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.mk $$(call fuzz_uses,$$*) $(HEADERS) | $(GEN) build/newlib/.ready
	$(Q)mkdir -p $(@D); echo "FUZZ $*"; clang $(FUZZ_CFLAGS) -o $@ $< $(call fuzz_uses,$*) -ljansson -lcap-ng

fuzz: $(FUZZERS) ## build the fuzzers
.PHONY: fuzz
