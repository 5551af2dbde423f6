# SPDX-License-Identifier: Apache-2.0
# newlib.mk: which sources of newlib the kernel stands on (paths below libc/).
NEWLIB_SRCS := $(addprefix string/,memchr.c memcmp.c memmove.c memrchr.c strchr.c \
        strcmp.c strcpy.c strcspn.c strlcpy.c strlen.c strncmp.c strncpy.c \
        strnlen.c strpbrk.c strrchr.c strspn.c strstr.c strsep.c strcat.c strtok_r.c) \
        $(addprefix machine/x86_64/,memcpy.S memset.S) \
        $(addprefix stdlib/,strtoul.c strtol.c strtoull.c strtoll.c) \
        $(addprefix ctype/,ctype_.c) \
        search/qsort.c search/bsearch.c \
        stdio/sniprintf.c stdio/vsniprintf.c stdio/vfiprintf.c stdio/siprintf.c
