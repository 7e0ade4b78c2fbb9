# halb's build: GNU make, no recursion. `./dev` installs what this needs and calls it.
#
#   make                    build/halb
#   make unit LAYER=base    builds and runs the unit tests of one layer (or of all, without LAYER)
#   make SAN=address        the same things under ASan and UBSan, in build/address
#   make SAN=thread         ... under TSan, in build/thread
#   make CC=clang           ... by clang, in build/clang
#   make fuzz-build         the fuzz targets, in build/fuzz
#   make manual             docs/halb.cfg.5 anew, from the keyword tables
#   make install            into DESTDIR/PREFIX; `./dev deb` makes Debian packages of that
#   make BUILD=DIR          another folder instead of build
#
# Adding a .c file to a folder of src/, or a tests/unit/LAYER/NAME_test.c, needs no line here.

VERSION := 0.1.0

, := ,
BUILD ?= build
SAN ?=
PREFIX ?= /usr/local
DESTDIR ?=
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
VARIANT := $(subst $() ,-,$(strip $(filter-out gcc,$(notdir $(CC))) $(SAN)))
OUT := $(BUILD)$(if $(VARIANT),/$(VARIANT))

$(if $(filter-out address thread,$(SAN)),$(error SAN is address or thread, not $(SAN)))

# What halb is linked with; each library's package is named in ./dev. Sanitizers define a crypt_r of their own, which needs libcrypt's:
# so that one is there although nobody seems to need it.
LIBS := -Wl,--no-as-needed -lcrypt -Wl,--as-needed -lxxhash -lpcre2-8 -lcrypto -lmnl -lnftables -lseccomp -lm -pthread

WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla $(WERROR)
SANITIZE := $(if $(filter address,$(SAN)),-fsanitize=address$(,)undefined -fno-sanitize-recover=all)
SANITIZE += $(if $(filter thread,$(SAN)),-fsanitize=thread)
CPPFLAGS := -Isrc -D_GNU_SOURCE -DHALB_VERSION='"$(VERSION)"'
CFLAGS := -O2 -g -std=gnu17 -pthread -ffunction-sections -fdata-sections $(WARNINGS) $(strip $(SANITIZE)) $(EXTRA_CFLAGS)
LDFLAGS := $(strip $(SANITIZE)) $(EXTRA_LDFLAGS)

# Layers, lowest first, and for each the folders it may include (tools/layers).
LAYERS := $(shell sed '/^[\#@]/d; s/ .*//' tools/layers)
SANS_IO := $(shell sed -n 's/^@sans-io *//p' tools/layers)
below = $(shell sed -n 's/^$(1) \+//p' tools/layers)
reach = $(sort $(1) $(foreach layer,$(call below,$(1)),$(call reach,$(layer))))

SOURCES := $(sort $(foreach layer,$(LAYERS),$(wildcard src/$(layer)/*.c)))
OBJECTS := $(SOURCES:%.c=$(OUT)/obj/%.o)
objects_of = $(filter $(addprefix $(OUT)/obj/src/,$(addsuffix /%,$(1))),$(OBJECTS))

.PHONY: all golden manual probe sim test unit unit-build fuzz-build print-unit objects tidy lint demo bench install clean
.DELETE_ON_ERROR:
.SECONDARY:
all: $(OUT)/halb

$(OUT)/halb: $(OBJECTS)
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)

$(OUT)/obj/src/%.o: src/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(STRICT) -MMD -MP -c -o $@ $<

# -Wconversion where bytes of strangers are counted.
$(foreach layer,base $(SANS_IO),$(eval $(OUT)/obj/src/$(layer)/%.o: STRICT := -Wconversion))

# Everything is built anew when the command line's flags change.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(LIBS)
$(shell mkdir -p $(OUT))
$(file >$(OUT)/flags.now,$(FLAGS))
$(shell cmp -s $(OUT)/flags.now $(OUT)/flags || cp $(OUT)/flags.now $(OUT)/flags; rm -f $(OUT)/flags.now)
$(OUT)/flags: ;

# ---- unit tests: tests/unit/LAYER/NAME_test.c, linked with its layer and all below it (never app).
# Other .c files of the folder are helpers, linked to each of its tests. A test that needs a linker
# option says so in a line: /* LINK: -Wl,--wrap=malloc */
LAYER ?= $(filter-out app,$(LAYERS))
UNIT_SOURCES := $(wildcard $(foreach layer,$(LAYER),tests/unit/$(layer)/*_test.c))
UNITS := $(UNIT_SOURCES:tests/%.c=$(OUT)/%)

unit-build: $(UNITS)

unit:
	@HALB_BUILD=$(BUILD) LAYER="$(LAYER)" tests/run unit$(SAN:%=-%)

print-unit:
	@echo $(UNITS)

# libFuzzer calls LLVMFuzzerTestOneInput without a header.
$(OUT)/obj/tests/fuzz/%.o: STRICT := -Wno-missing-prototypes

$(OUT)/obj/tests/%.o: tests/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(STRICT) -MMD -MP -c -o $@ $<

define unit_rule
$(OUT)/unit/$(1)/%_test: $(OUT)/obj/tests/unit/$(1)/%_test.o \
    $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out %_test.c,$(wildcard tests/unit/$(1)/*.c))) \
    $(call objects_of,$(call reach,$(1)))
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	@$(CC) $(LDFLAGS) -Wl,--gc-sections $$$$(sed -n 's,^/\* LINK: \(.*\) \*/$$$$,\1,p' tests/unit/$(1)/$$*_test.c) \
	    -o $$@ $$^ -lcmocka $(LIBS)
endef
$(foreach layer,$(filter-out app,$(LAYERS)),$(eval $(call unit_rule,$(layer))))

# ---- what the golden tests and the drills run
$(OUT)/golden: $(OUT)/obj/tests/golden/golden.o $(call objects_of,$(call reach,config))
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- halb.cfg(5), written by the keyword tables; a golden test tells when it is stale
$(OUT)/obj/tools/%.o: tools/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/manual: $(OUT)/obj/tools/manual.o $(call objects_of,$(call reach,config))
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

manual: $(OUT)/manual
	$(OUT)/manual docs/halb.cfg.5.in >$(OUT)/halb.cfg.5
	cp $(OUT)/halb.cfg.5 docs/halb.cfg.5

golden: $(OUT)/golden
probe: $(OUT)/halb-probe

$(OUT)/obj/lab/%.o: lab/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/halb-%: $(OUT)/obj/lab/%.o
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -o $@ $^

# ---- simulations: tests/sim, virtual time and a lossy network
SIM_OBJECTS := $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard tests/sim/*.c))
sim: $(OUT)/vrrp_sim

$(OUT)/vrrp_sim: $(SIM_OBJECTS) $(call objects_of,$(call reach,proto))
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) -Wl,--gc-sections -o $@ $^ $(LIBS)

# ---- fuzzing: tests/fuzz/NAME_fuzz.c with the sans-IO layers, by clang's libFuzzer.
FUZZ_CC := clang
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_OUT := $(BUILD)/fuzz
FUZZERS := $(patsubst tests/fuzz/%.c,$(FUZZ_OUT)/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_OBJECTS := $(patsubst %.c,$(FUZZ_OUT)/obj/%.o,$(filter $(foreach layer,base $(SANS_IO),src/$(layer)/%),$(SOURCES)))

fuzz-build: $(FUZZERS)

$(FUZZ_OUT)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@$(FUZZ_CC) $(CPPFLAGS) -O1 -g -std=gnu17 -ffunction-sections $(WARNINGS) -Wno-missing-prototypes $(FUZZ_SAN) \
	    -MMD -MP -c -o $@ $<

$(FUZZ_OUT)/%_fuzz: $(FUZZ_OUT)/obj/tests/fuzz/%_fuzz.o $(FUZZ_OBJECTS)
	@echo "  LINK  $@"
	@$(FUZZ_CC) -Wl,--gc-sections $(subst fuzzer-no-link,fuzzer,$(FUZZ_SAN)) -o $@ $^ $(LIBS)

# ---- the rest
# Every object of src and tests (lint), and clang-tidy over src, one stamp a file: an object is newer
# than all that it includes.
ALL_TESTS := $(wildcard tests/unit/*/*.c tests/golden/*.c tests/sim/*.c lab/*.c tools/*.c)
objects: $(OBJECTS) $(ALL_TESTS:%.c=$(OUT)/obj/%.o) $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard tests/fuzz/*_fuzz.c))

tidy: $(SOURCES:%.c=$(OUT)/tidy/%.ok)

$(OUT)/tidy/%.ok: $(OUT)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $*.c -- $(CPPFLAGS) -std=gnu17 2>$@.err || { cat $@.err; exit 1; }
	@mv $@.err $@

test:
	@HALB_BUILD=$(BUILD) tests/run

lint:
	@HALB_BUILD=$(BUILD) tools/lint

demo: all probe
	@HALB=$(abspath $(OUT)/halb) lab/demo

bench: all
	@HALB=$(abspath $(OUT)/halb) bench/run

# What is installed below PREFIX/lib/halb, as it lies in the tree: `halb lab` looks for lab/halb-lab there, that for examples/.
LAB_FILES := $(addprefix lab/,halb-lab holder.py hosts.py door.py namespaces.py plan.py fit.py fit_proxy.py net.py lab.py apache.conf \
    drill drilling.py drills.py balancer.py figures.py story.py)
LAB_EXAMPLES := $(addprefix examples/,haproxy.cfg keepalived.hap1.conf keepalived.hap2.conf apache.conf)

# SYSCONFDIR: where configuration is looked for. UNITDIR: where systemd looks for units. What is in SYSCONFDIR already stays.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
UNITDIR ?= $(PREFIX)/lib/systemd/system
LIBDIR := $(PREFIX)/lib/halb
INSTALL_AS := sed -e 's,@SBINDIR@,$(PREFIX)/sbin,g; s,@SYSCONFDIR@,$(SYSCONFDIR),g; s,@SERVICE@,$(LIBDIR)/halb-service,g'
CONFIG_FILES := packaging/halb.cfg:halb/halb.cfg packaging/default:default/halb packaging/logrotate:logrotate.d/halb \
    packaging/rsyslog.conf:rsyslog.d/49-halb.conf

LAB_PROGRAMS := $(patsubst lab/%.c,$(OUT)/halb-%,$(wildcard lab/*.c))

install: all $(LAB_PROGRAMS)
	install -D -m 755 $(OUT)/halb $(DESTDIR)$(PREFIX)/sbin/halb
	for page in $(wildcard docs/*.[58]); do \
	    install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 644 packaging/bash-completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/halb
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(UNITDIR)
	$(INSTALL_AS) packaging/halb-service.in >$(DESTDIR)$(LIBDIR)/halb-service
	chmod 755 $(DESTDIR)$(LIBDIR)/halb-service
	$(INSTALL_AS) packaging/halb.service.in >$(DESTDIR)$(UNITDIR)/halb.service
	chmod 644 $(DESTDIR)$(UNITDIR)/halb.service
	for pair in $(CONFIG_FILES); do \
	    to=$(DESTDIR)$(SYSCONFDIR)/$${pair#*:}; \
	    [ -e $$to ] || install -D -m 644 $${pair%:*} $$to || exit 1; done
	for file in $(LAB_FILES) $(LAB_EXAMPLES); do \
	    mode=644; [ ! -x $$file ] || mode=755; \
	    install -D -m $$mode $$file $(DESTDIR)$(LIBDIR)/$$file || exit 1; done
	install -D -t $(DESTDIR)$(LIBDIR)/lab $(LAB_PROGRAMS)
	[ $(SYSCONFDIR) != /etc ] || install -d $(DESTDIR)/var/lib/halb/dev

clean:
	rm -rf $(BUILD)

-include $(shell find $(OUT)/obj $(FUZZ_OUT)/obj -name '*.d' 2>/dev/null)
