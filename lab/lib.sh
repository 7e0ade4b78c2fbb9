# Shell functions for the demo: real Apaches, a halb in front of them, and waiting for events instead of
# sleeping. Sourced from the root of the tree. lab_begin makes the folder $lab; when the script ends,
# what was started here is ended too and the folder removed. The live tests use lab.py instead.

lab_begin()
{
	lab=$(mktemp -d "${TMPDIR:-/tmp}/halb-lab.XXXXXX")
	chmod 755 "$lab"
	lab_pids=
	trap lab_end EXIT
	trap 'exit 130' INT TERM HUP
}

lab_end()
{
	for lab_pid in $lab_pids; do
		kill -CONT "$lab_pid" 2>/dev/null || true
		kill "$lab_pid" 2>/dev/null || true
	done
	for lab_site in "$lab"/web*; do
		[ ! -e "$lab_site/pid" ] || kill "$(cat "$lab_site/pid")" 2>/dev/null || true
	done
	wait 2>/dev/null
	rm -rf "$lab"
}

# await SECONDS COMMAND...: until it succeeds; fails when the time is over.
await()
{
	tries=$(($1 * 20))
	shift
	while [ "$tries" -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
		tries=$((tries - 1))
	done
	return 1
}

# A port that nobody uses now, below those that the kernel gives out by itself.
free_port()
{
	shuf -i 20000-32000 | while read -r port; do
		[ -n "$(ss -Hltn "sport = :$port")" ] || { echo "$port"; break; }
	done
}

# web_write NAME ADDRESS PORT: the files of a real Apache that answers as the classic tutorial's.
web_write()
{
	site=$lab/$1
	mkdir -p "$site/html"
	printf '<h1>%s</h1>\n<p>Hi sir, I am going to serve you today!</p>\n' "$1" >"$site/html/index.html"
	user=
	[ "$(id -u)" -ne 0 ] || user="User www-data\nGroup www-data"
	sed -e "s,@SITE@,$site,g; s,@USER@,$user,; s,@ADDRESS@,$2,g; s,@PORT@,$3,g; s,@MODULES@,/usr/lib/apache2/modules,g" \
		lab/apache.conf >"$site/apache.conf"
	echo "http://$2:$3/" >"$site/url"
}

web_start()
{
	apache2 -f "$lab/$1/apache.conf" -k start 2>>"$lab/$1/start.log"
	await 10 curl -fs -o /dev/null "$(cat "$lab/$1/url")"
}

web_gone()
{
	! kill -0 "$1" 2>/dev/null
}

web_stop()
{
	pid=$(cat "$lab/$1/pid" 2>/dev/null) || return 0
	apache2 -f "$lab/$1/apache.conf" -k stop 2>>"$lab/$1/start.log"
	await 10 web_gone "$pid"
}

# halb_start FILE [OPTION...]: in the background; its pid in $halb_pid, what it says in $lab/halb.log.
halb_start()
{
	file=$1
	shift
	"${HALB:-build/halb}" -db -f "$file" "$@" >>"$lab/halb.log" 2>&1 &
	halb_pid=$!
	lab_pids="$lab_pids $halb_pid"
}
