# SPDX-License-Identifier: Apache-2.0
# gen.awk: one table in; prototypes, dispatch, strace formats and coverage out.
# usage: awk -v what=syscall_proto|syscall_table|syscall_strace|syscall_doc|syscall_fuzz -f gen.awk syscalls.tbl
BEGIN {
	C["fd"] = C["int"] = "int"; C["uint"] = C["flags"] = "unsigned int"
	C["long"] = "long"; C["size"] = "size_t"; C["off"] = "int64_t"
	C["uaddr"] = C["path"] = "uaddr_t"
	N["full"] = N["partial"] = N["enosys"] = 1
	print "/* made from syscalls.tbl by gen.awk */"
	if (what == "syscall_proto") print "#pragma once\n#include \"kuni/types.h\""
	if (what == "syscall_table") print "#include \"kuni/syscall.h\"\n#include \"syscall_proto.h\""
	if (what == "syscall_strace") print "#include \"kuni/syscall.h\"\nconst struct strace_entry strace_table[NR_SYSCALLS] = {"
	if (what == "syscall_fuzz") print "#include \"sysfuzz.h\"\nconst struct call calls[] = {"
	if (what == "syscall_doc") print "#pragma once\nstatic const char *const syscall_doc[] = {"
}
/^#/ || NF == 0 { next }
{
	if ($1 + 0 != $1 || $1 in seen) die("bad or repeated number " $1)
	if (!($3 in N)) die("unknown status " $3)
	seen[$1] = 1; nr = $1; name = $2; status = $3; since = $4
	if (!match($0, /\([^)]*\)/)) die("no signature")
	sig = substr($0, RSTART + 1, RLENGTH - 2)
	note = substr($0, RSTART + RLENGTH); sub(/^[ \t]+/, "", note)
	if (status == "partial" && note == "") die("partial needs a note")
	argc = split(sig, arg, /, */); proto = call = fmt = typed = ""
	for (i = 1; i <= argc; i++) {
		split(arg[i], p, " ")
		if (!(p[1] in C)) die("unknown type " p[1])
		sep = i > 1 ? ", " : ""; t = C[p[1]]
		proto = proto sep t " " p[2]
		call = call sep (t == "uaddr_t" ? "(uaddr_t){ a[" i-1 "] }" : "(" t ")a[" i-1 "]")
		fmt = fmt sep "ST_" toupper(p[1])
		typed = typed sep "{ " toupper(p[1]) ", \"" p[2] "\" }"
	}
	if (what == "syscall_proto" && status != "enosys")
		printf "long sys_%s(%s);\n", name, proto == "" ? "void" : proto
	if (what == "syscall_table" && status != "enosys")
		printf "static long call_%s(const uint64_t a[6])\n{\n\t(void)a;\n\treturn sys_%s(%s);\n}\n", name, name, call
	if (what == "syscall_table")
		tab = tab sprintf("\t[%d] = { %s, \"%s\" },\n", nr, status == "enosys" ? "NULL" : "call_" name, name)
	if (what == "syscall_strace")
		printf "\t[%d] = { \"%s\", %d, { %s } },\n", nr, name, argc, fmt == "" ? "0" : fmt
	if (what == "syscall_fuzz" && status != "enosys")
		printf "\t{ \"%s\", %d, %d, { %s } },\n", name, nr, argc, typed == "" ? "{ 0 }" : typed
	if (what == "syscall_doc") {
		gsub(/["\\]/, "\\\\&", note)
		printf "\t\"%d\\t%s\\t%s\\t%s\\t%s\",\n", nr, name, status, since, note
	}
}
END {
	if (what == "syscall_table") printf "const struct syscall_entry syscall_table[NR_SYSCALLS] = {\n%s};\n", tab
	if (what == "syscall_strace") print "};"
	if (what == "syscall_fuzz") print "};\nconst unsigned ncalls = sizeof(calls) / sizeof(calls[0]);"
	if (what == "syscall_doc") print "\t0\n};"
}
function die(msg) { printf "%s:%d: %s\n", FILENAME, FNR, msg > "/dev/stderr"; exit 1 }
