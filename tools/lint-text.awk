# What can be seen line by line: layers, include counts and loops, file sizes, first lines, banned
# functions, open ends. Input: tools/layers, then all C files. Called by tools/lint.

function finding(line, what) { print file ":" line ": " what }

function close_file() {
	if (file == "")
		return
	limit = (file ~ /\.h$/) ? 200 : 900
	if (in_src && lines > limit)
		finding(lines, lines " lines, at most " limit "; move one subject to a file of its own")
	if (in_src && file ~ /\.c$/ && includes > 12)
		finding(1, includes " local includes, at most 12; this file knows too much: split it")
	if (in_src && folder != "net" && folder != "base") {
		all_lines += lines
		all_ifs += ifs
	}
}

function open_file(   parts) {
	close_file()
	file = FILENAME
	in_src = file ~ /^src\//
	split(file, parts, "/")
	folder = in_src ? parts[2] : ""
	includes = ifs = in_comment = opening = 0
	if (in_src && !(folder in may))
		finding(1, "folder " folder " is not in tools/layers; add it there or move the file")
}

function check_include(name,   target) {
	includes++
	target = name
	sub(/\/.*/, "", target)
	if (in_src && name !~ /\//)
		finding(FNR, "include \"" name "\" has no folder; write it from src: \"" folder "/" name "\"")
	else if (in_src && target != folder && !index(may[folder], " " target " "))
		finding(FNR, folder " may not include " target " (tools/layers); turn the dependency around")
	pair[file, "src/" name] = FNR
	if (("src/" name, file) in pair)
		finding(FNR, "src/" name " includes this file too; forward-declare in one of them")
}

# The line without comments and the insides of strings; what a comment holds goes to `comment`.
function strip(text,   out, c, two, i, quote) {
	out = comment = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		two = substr(text, i, 2)
		if (in_comment) {
			if (two == "*/") { in_comment = 0; i++ } else comment = comment c
		} else if (quote != "") {
			if (c == "\\") i++
			else if (c == quote) { quote = ""; out = out c }
		} else if (two == "/*") { in_comment = 1; i++ }
		else if (two == "//") { comment = comment substr(text, i + 2); break }
		else { if (c == "\"" || c == "'") quote = c; out = out c }
	}
	return out
}

BEGIN {
	split("strcpy:buffer_add_text or memcpy,strcat:buffer_add_text,sprintf:snprintf or buffer_printf," \
	    "vsprintf:vsnprintf,stpcpy:memcpy,gets:fgets,strtok:span_split,strtok_r:span_split,atoi:span_to_u64,atol:span_to_u64," \
	    "atoll:span_to_u64,rand:base/random.h,srand:base/random.h,random:base/random.h,alloca:an arena", rows, ",")
	for (i in rows) {
		split(rows[i], row, ":")
		banned[row[1]] = row[2]
	}
}

FILENAME == "tools/layers" {
	if ($0 !~ /^[#@]/ && NF)
		may[$1] = " " $0 " "
	gsub(/[ \t]+/, " ", may[$1])
	next
}

FNR == 1 { open_file() }
{ lines = FNR }
FNR == 1 && $0 != "/* SPDX-License-Identifier: MIT */" {
	finding(1, "the first line is not the SPDX line; write /* SPDX-License-Identifier: MIT */")
}
in_src && FNR == 2 && $0 !~ /^\/\*/ {
	finding(2, "no opening comment; say in 3 to 12 lines what the file is, who calls it, its invariants")
}
in_src && !opening && FNR > 1 && /\*\// {
	opening = FNR
	if (FNR > 15)
		finding(2, "an opening comment of " FNR - 1 " lines; 3 to 12 lines say what the file is")
}
/^#[ \t]*include "/ {
	name = $0
	gsub(/^[^"]*"|".*$/, "", name)
	check_include(name)
	next
}
/^#[ \t]*if/ && !($0 ~ /^#[ \t]*ifndef [A-Z0-9_]+_H$/) { ifs++ }
{
	code = strip($0)
	if (in_src && comment ~ /(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/)
		finding(FNR, "an open end in a comment; do it, or file an issue")
	while (match(code, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
		word = substr(code, RSTART, RLENGTH)
		before = RSTART > 1 ? substr(code, RSTART - 1, 1) : ""
		code = substr(code, RSTART + RLENGTH)
		sub(/[ \t]*\($/, "", word)
		if ((word in banned) && before != "." && before != ">")
			finding(FNR, word "() is banned; use " banned[word])
	}
}

END {
	close_file()
	if (all_ifs > 2 && all_ifs * 1000 > all_lines * 2)
		print "src:0: " all_ifs " #if in " all_lines " lines outside net/ and base/, at most 2 per 1000; decide at run time"
}
