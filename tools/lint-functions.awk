# Function length and complexity, from pmccabe's lines (tab-separated: complexity, traditional
# complexity, statements, first line, lines, "FILE(LINE): NAME"), sorted by file. `allowed` is the
# number of /* LONG: why */ exceptions in tools/lint-exceptions. Called by tools/lint.

# The lines of `path` that hold an exception, into long_at[].
function load(path,   number, text) {
	delete long_at
	while ((getline text <path) > 0) {
		number++
		if (text ~ /\/\* LONG: [^ ]/)
			long_at[number] = 1
	}
	close(path)
}

{
	path = $6
	sub(/\([0-9]+\):.*/, "", path)
	name = $6
	sub(/.*: /, "", name)
	if (path != loaded) {
		load(path)
		loaded = path
	}
	start = $4
	excused = 0
	for (above = 0; above <= 3; above++)
		if ((start - above) in long_at)
			excused = start - above
	where = path ":" start ": " name "() "
	if (excused)
		used++
	if ($5 > 120)
		print where "has " $5 " lines, at most 120 with a LONG comment, else 70; split it into its steps"
	else if ($5 > 70 && !excused)
		print where "has " $5 " lines, at most 70; split it, or if it is a flat table or switch: /* LONG: why */"
	else if ($5 <= 70 && excused)
		print path ":" excused ": LONG comment over a function of " $5 " lines; remove the comment"
	if ($1 > 20)
		print where "has complexity " $1 ", at most 20; move a branch to a function, or make it a table"
}

END {
	if (used > allowed)
		print "tools/lint-exceptions:1: " used " LONG exceptions, at most " allowed "; shorten a function"
	else if (used + 0 < allowed + 0)
		print "tools/lint-exceptions:1: only " used + 0 " LONG exceptions are left; lower the number to that"
}
