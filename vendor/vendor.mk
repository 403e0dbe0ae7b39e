# From the pinned archives to build/vendor/: sources (fetched, verified, patched), musl per architecture, BearSSL per
# variant, the trust anchors. Included by the Makefile.

V       := build/vendor
BEARSSL := $(V)/bearssl
PINS    := vendor/versions vendor/fetch.sh

$(V)/%.archive: $(PINS)
	@vendor/fetch.sh $* $@

# Unpacked beside its place and renamed when whole, so that a build that is cut short leaves no half a source tree.
$(V)/%/.ready: $(V)/%.archive $(wildcard vendor/patches/*.patch)
	@rm -rf $(V)/$* $(V)/$*.tmp && mkdir -p $(V)/$*.tmp
	@tar -xf $< -C $(V)/$*.tmp --strip-components=1
	@for p in vendor/patches/$*-*.patch; do [ ! -f "$$p" ] || patch -s -p1 -d $(V)/$*.tmp <"$$p" || exit 1; done
	@touch $(V)/$*.tmp/.ready && mv $(V)/$*.tmp $(V)/$*

# musl, static only, installed below build/. $(1): machine, $(2): compiler, $(3): prefix of its binutils, $(4): flags.
# The prefix is relative (musl's makefiles use it for the installation alone): no path of ours reaches the objects.
define musl
$(V)/musl-$(1)/lib/libc.a: $(V)/musl/.ready
	@echo "  MUSL    $(1)"
	@rm -rf $(V)/musl-$(1) $(V)/musl-$(1).obj && mkdir -p $(V)/musl-$(1).obj
	@cd $(V)/musl-$(1).obj && { CC='$(2)' AR=$(3)ar RANLIB=$(3)ranlib \
	    CFLAGS='$(4)' ../musl/configure --target=$(1)-linux-musl --disable-shared --disable-wrapper \
	    --prefix=../musl-$(1) && $$(MAKE) && $$(MAKE) install; } >make.log 2>&1 || { tail -n 30 make.log; exit 1; }
	@rm -rf $(V)/musl-$(1).obj
endef

# BearSSL as one archive. $(1): where, $(2): compiler, $(3): flags, $(4): what must be there first. The wildcard over
# its sources can be evaluated only once they are unpacked, hence a make of its own.
define bearssl
$(1)/libbearssl.a: $(BEARSSL)/.ready vendor/bearssl.mk $(4)
	@echo "  BEARSSL $(1)"
	@$$(MAKE) -s -f vendor/bearssl.mk SRCDIR=$(BEARSSL) OUT=$(1) CC='$(2)' CFLAGS='$(3)'
endef

# The trust anchors: the wheel is only a carrier for Mozilla's bundle.
build/gen/roots.c: $(V)/certifi.archive vendor/roots.py
	@echo "  ROOTS   $@"
	@mkdir -p $(@D)
	@python3 vendor/roots.py $< >$@.tmp && mv $@.tmp $@
