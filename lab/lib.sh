# Shell functions for the demo and the live tests: real Apaches, a halb in front of them, and waiting for
# events instead of sleeping. Sourced; the caller sets $lab to a folder of its own, and has called
# lab_begin, which removes that folder and ends what was started here when the script ends.

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
		[ -e "$lab_site/pid" ] && kill "$(cat "$lab_site/pid")" 2>/dev/null
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

# A port of 127.0.0.1 that nobody uses now.
free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# web_write NAME ADDRESS PORT: the files of a real Apache that answers as the classic tutorial's.
web_write()
{
	site=$lab/$1
	mkdir -p "$site/html"
	printf '<h1>%s</h1>\n<p>Hi sir, I am going to serve you today!</p>\n' "$1" >"$site/html/index.html"
	modules=/usr/lib/apache2/modules
	cat >"$site/apache.conf" <<-END
	ServerRoot $site
	PidFile $site/pid
	Listen $2:$3
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule dir_module $modules/mod_dir.so
	LoadModule setenvif_module $modules/mod_setenvif.so
	Mutex file:$site
	ServerName localhost
	LogFormat "%{X-Forwarded-For}i %l %u %t \"%r\" %>s %b" combined
	<VirtualHost *:$3>
	    DocumentRoot $site/html
	    SetEnvIf Request_Method OPTIONS do-not-log-haproxy-ping
	    ErrorLog $site/error.log
	    CustomLog $site/access.log combined env=!do-not-log-haproxy-ping
	</VirtualHost>
	END
	echo "http://$2:$3/" >"$site/url"
}

web_start()
{
	# shellcheck disable=SC2119
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
