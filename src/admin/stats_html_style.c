/* SPDX-License-Identifier: MIT */
/*
 * The looks of the statistics page. Wide screens get a table, narrow ones a card for each row whose
 * cells bring their own label (data-l). Colours are variables, set anew for dark screens.
 */
#include "admin/stats_html.h"

const char *stats_html_mood(enum stats_mood m)
{
	static const char *const classes[STATS_MOODS] = {
	    [STATS_UP] = "up",           [STATS_GOING_DOWN] = "failing",
	    [STATS_GOING_UP] = "rising", [STATS_DOWN] = "down",
	    [STATS_DRAIN] = "drain",     [STATS_MAINT] = "maint",
	    [STATS_NO_CHECK] = "nocheck"};

	return classes[m];
}

const char stats_html_style[] =
    ":root{--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#5c6675;--line:#dde1e7;--link:#0b57b0;"
    "--up:#1d7f45;--failing:#8a6100;--rising:#b04a00;--down:#b3202c;--drain:#2a5fb4;"
    "--maint:#6f4a9e;--nocheck:#5c6675}"
    "@media(prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2029;--ink:#e3e8ef;"
    "--dim:#98a3b3;--line:#2d3642;--link:#7db4ff;--up:#4fc383;--failing:#e0b341;--rising:#ff9a52;"
    "--down:#ff7a80;--drain:#7fb0ff;--maint:#c39bf5;--nocheck:#98a3b3}"
    ":root{color-scheme:dark}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:1rem;max-width:120rem;background:var(--bg);color:var(--ink);"
    "font:14px/1.45 system-ui,sans-serif}"
    "a{color:var(--link)}"
    "h1{font-size:1.4rem;margin:0}h1 small{font-weight:400;color:var(--dim);font-size:.9rem}"
    "h2{font-size:1.1rem;margin:0}"
    ".sub{color:var(--dim);margin:.1rem 0 .8rem}"
    ".facts{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;margin:0 0 .8rem}"
    ".facts div{display:flex;flex-direction:column}.facts dt{color:var(--dim);font-size:.75rem}"
    ".facts dd{margin:0;font-variant-numeric:tabular-nums}"
    "nav{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;margin:0 0 .8rem}"
    "nav form{display:flex;gap:.3rem}"
    "input,select,button{font:inherit;color:inherit;background:var(--card);"
    "border:1px solid var(--line);border-radius:4px;padding:.15rem .4rem}"
    "button{cursor:pointer}"
    ".legend{display:flex;flex-wrap:wrap;gap:.4rem;margin:0 0 1rem;padding:0;list-style:none;"
    "font-size:.8rem}"
    ".note{border-left:4px solid var(--drain);background:var(--card);padding:.5rem .8rem;"
    "margin:0 0 1rem}.note.bad{border-color:var(--down)}.note.good{border-color:var(--up)}"
    ".px{background:var(--card);border:1px solid var(--line);border-radius:8px;"
    "margin:0 0 1.2rem;padding:.7rem .8rem}"
    ".px header{display:flex;flex-wrap:wrap;gap:.2rem .8rem;align-items:baseline;"
    "margin:0 0 .5rem}.px header span{color:var(--dim);font-size:.85rem}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th{font-weight:600;font-size:.75rem;color:var(--dim);text-align:right;padding:.1rem .4rem}"
    "th.g{text-align:center;border-bottom:1px solid var(--line)}th.t{text-align:left}"
    "td{padding:.25rem .4rem;text-align:right;border-top:1px solid var(--line);"
    "white-space:nowrap;vertical-align:top}"
    "td.t{text-align:left}td.w{white-space:normal;min-width:11rem}"
    "tr.sum td,tr.fe td{background:color-mix(in srgb,var(--ink) 4%,transparent)}"
    "td.z{color:var(--dim)}td.t b{font-weight:600}td "
    "small{display:block;color:var(--dim);font-size:.75rem}"
    ".pill{display:inline-block;border:1px solid currentColor;border-left-width:5px;"
    "border-radius:4px;padding:0 .4rem;font-weight:600}"
    ".bk .pill,.pill.bk{border-style:dashed;border-left-style:solid}"
    ".up{color:var(--up)}.failing{color:var(--failing)}.rising{color:var(--rising)}"
    ".down{color:var(--down)}.drain{color:var(--drain)}.maint{color:var(--maint)}"
    ".nocheck{color:var(--nocheck)}"
    ".act{display:flex;flex-wrap:wrap;gap:.4rem;margin:.6rem 0 0;align-items:center}"
    "@media(max-width:60rem){body{padding:.6rem}"
    "table,tbody,tr,td{display:block}thead{display:none}"
    "tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.2rem,1fr));"
    "gap:.1rem .5rem;padding:.5rem 0;border-top:1px solid var(--line)}"
    "td{border:0;padding:.1rem 0;text-align:left}td.e,td.z{display:none}"
    "td::before{content:attr(data-l);display:block;color:var(--dim);font-size:.7rem}"
    "td.w,td.name{grid-column:1/-1}"
    "tr.sum td,tr.fe td{background:none}}";
