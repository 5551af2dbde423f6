/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuinfo.c: what programs ask about the CPU: /proc/cpuinfo, AT_HWCAP.
 *
 * Read from CPUID when asked, never at boot: each CPUID leaves the VM.
 */
#include <string.h>

#include "x86.h"

enum {
	WORD_1D,
	WORD_1C,
	WORD_7B,
	WORD_7C,
	WORD_7D,
	WORD_81D,
	WORD_81C,
	WORD_D1A,
	WORDS
};

static const struct {
	const char *name;
	uint8_t word, bit;
} flags[] = {
	{ "fpu", WORD_1D, 0 },
	{ "vme", WORD_1D, 1 },
	{ "de", WORD_1D, 2 },
	{ "pse", WORD_1D, 3 },
	{ "tsc", WORD_1D, 4 },
	{ "msr", WORD_1D, 5 },
	{ "pae", WORD_1D, 6 },
	{ "mce", WORD_1D, 7 },
	{ "cx8", WORD_1D, 8 },
	{ "apic", WORD_1D, 9 },
	{ "sep", WORD_1D, 11 },
	{ "mtrr", WORD_1D, 12 },
	{ "pge", WORD_1D, 13 },
	{ "mca", WORD_1D, 14 },
	{ "cmov", WORD_1D, 15 },
	{ "pat", WORD_1D, 16 },
	{ "pse36", WORD_1D, 17 },
	{ "clflush", WORD_1D, 19 },
	{ "mmx", WORD_1D, 23 },
	{ "fxsr", WORD_1D, 24 },
	{ "sse", WORD_1D, 25 },
	{ "sse2", WORD_1D, 26 },
	{ "ss", WORD_1D, 27 },
	{ "ht", WORD_1D, 28 },
	{ "syscall", WORD_81D, 11 },
	{ "nx", WORD_81D, 20 },
	{ "mmxext", WORD_81D, 22 },
	{ "fxsr_opt", WORD_81D, 25 },
	{ "pdpe1gb", WORD_81D, 26 },
	{ "rdtscp", WORD_81D, 27 },
	{ "lm", WORD_81D, 29 },
	{ "pni", WORD_1C, 0 },
	{ "pclmulqdq", WORD_1C, 1 },
	{ "ssse3", WORD_1C, 9 },
	{ "fma", WORD_1C, 12 },
	{ "cx16", WORD_1C, 13 },
	{ "pcid", WORD_1C, 17 },
	{ "sse4_1", WORD_1C, 19 },
	{ "sse4_2", WORD_1C, 20 },
	{ "x2apic", WORD_1C, 21 },
	{ "movbe", WORD_1C, 22 },
	{ "popcnt", WORD_1C, 23 },
	{ "tsc_deadline_timer", WORD_1C, 24 },
	{ "aes", WORD_1C, 25 },
	{ "xsave", WORD_1C, 26 },
	{ "avx", WORD_1C, 28 },
	{ "f16c", WORD_1C, 29 },
	{ "rdrand", WORD_1C, 30 },
	{ "hypervisor", WORD_1C, 31 },
	{ "lahf_lm", WORD_81C, 0 },
	{ "abm", WORD_81C, 5 },
	{ "sse4a", WORD_81C, 6 },
	{ "3dnowprefetch", WORD_81C, 8 },
	{ "fsgsbase", WORD_7B, 0 },
	{ "bmi1", WORD_7B, 3 },
	{ "avx2", WORD_7B, 5 },
	{ "smep", WORD_7B, 7 },
	{ "bmi2", WORD_7B, 8 },
	{ "erms", WORD_7B, 9 },
	{ "avx512f", WORD_7B, 16 },
	{ "avx512dq", WORD_7B, 17 },
	{ "rdseed", WORD_7B, 18 },
	{ "adx", WORD_7B, 19 },
	{ "smap", WORD_7B, 20 },
	{ "avx512ifma", WORD_7B, 21 },
	{ "clflushopt", WORD_7B, 23 },
	{ "clwb", WORD_7B, 24 },
	{ "avx512cd", WORD_7B, 28 },
	{ "sha_ni", WORD_7B, 29 },
	{ "avx512bw", WORD_7B, 30 },
	{ "avx512vl", WORD_7B, 31 },
	{ "xsaveopt", WORD_D1A, 0 },
	{ "xsavec", WORD_D1A, 1 },
	{ "avx512vbmi", WORD_7C, 1 },
	{ "umip", WORD_7C, 2 },
	{ "avx512_vbmi2", WORD_7C, 6 },
	{ "gfni", WORD_7C, 8 },
	{ "vaes", WORD_7C, 9 },
	{ "vpclmulqdq", WORD_7C, 10 },
	{ "avx512_vnni", WORD_7C, 11 },
	{ "rdpid", WORD_7C, 22 },
	{ "fsrm", WORD_7D, 4 },
};

static uint32_t word[WORDS];
static bool words_read;

static void words_init(void)
{
	struct cpuid r;

	if (__atomic_load_n(&words_read, __ATOMIC_ACQUIRE))
		return;
	r = cpuid(1, 0);
	word[WORD_1D] = r.d;
	word[WORD_1C] = r.c;
	r = cpuid(0x80000001U, 0);
	word[WORD_81D] = r.d;
	word[WORD_81C] = r.c;
	if (cpu_has.xsave) {
		r = cpuid(7, 0);
		word[WORD_7B] = r.b;
		word[WORD_7C] = r.c;
		word[WORD_7D] = r.d;
		word[WORD_D1A] = cpuid(13, 1).a;
	}
	__atomic_store_n(&words_read, true, __ATOMIC_RELEASE);
}

/* The name of the n-th feature that this CPU has; NULL behind the last. */
const char *arch_cpu_flag(unsigned n)
{
	words_init();
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		if (word[flags[i].word] >> flags[i].bit & 1 && n-- == 0)
			return flags[i].name;
	}
	return NULL;
}

void arch_cpuinfo(struct arch_cpuinfo *out)
{
	struct cpuid r = cpuid(0, 0);
	unsigned family, model;

	memset(out, 0, sizeof(*out));
	memcpy(out->vendor, &r.b, 4);
	memcpy(out->vendor + 4, &r.d, 4);
	memcpy(out->vendor + 8, &r.c, 4);
	r = cpuid(1, 0);
	family = r.a >> 8 & 15;
	model = r.a >> 4 & 15;
	if (family == 6 || family == 15)
		model |= (r.a >> 16 & 15) << 4;
	if (family == 15)
		family += r.a >> 20 & 255;
	out->family = family;
	out->model = model;
	out->stepping = r.a & 15;
	if (cpuid(0x80000000U, 0).a >= 0x80000004U) {
		for (unsigned i = 0; i < 3; i++) {
			r = cpuid(0x80000002U + i, 0);
			memcpy(out->model_name + 16 * i, &r, 16);
		}
	}
	out->khz = clock_tsc_khz;
}

/* AT_HWCAP: CPUID 1's EDX; AT_HWCAP2: bit 1 where user mode has FSGSBASE. */
uint32_t arch_hwcap(void)
{
	return cpu_has.leaf1_edx;
}

uint32_t arch_hwcap2(void)
{
	return cpu_has.fsgsbase ? 2 : 0;
}
