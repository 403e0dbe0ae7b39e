# ecr: one static binary out of src/, BearSSL and musl. `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
export LC_ALL := C

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG        ?= clang
FUZZ_SECONDS ?= 5
HOST         := $(shell uname -m)
BIN          := build/ecr

SRC      := $(sort $(wildcard src/*.c src/*/*.c)) build/gen/roots.c
OBJS      = $(patsubst build/gen/%.c,build/$(1)/obj/gen/%.o,$(SRC:src/%.c=build/$(1)/obj/%.o))
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wwrite-strings
# Nothing the compiler is told may depend on where or when it runs: the same sources make the same bytes.
CPPFLAGS := -std=c11 -D_GNU_SOURCE -Isrc -isystem build/vendor/bearssl/inc
CFLAGS   := $(WARNINGS) $(if $(filter 1,$(WERROR)),-Werror) -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=.

all: $(BIN)

include vendor/vendor.mk

# A variant is one way to build the program: build/NAME/ecr from build/NAME/obj/, and everything but main.c as
# build/NAME/libecr.a for the tests. $(1): name, $(2): compiler, $(3): flags to compile, $(4): flags to link,
# $(5): start files, $(6): libraries, $(7): which libbearssl.a, $(8): what must be built before the first compilation.
define variant
build/$(1)/obj/%.o: src/%.c Makefile | $(BEARSSL)/.ready $(8)
	@echo "  CC      $$@"
	@mkdir -p $$(@D)
	@$(2) $(CPPFLAGS) $(CFLAGS) $(3) -MMD -MP -c -o $$@ $$<

build/$(1)/obj/gen/%.o: build/gen/%.c Makefile | $(BEARSSL)/.ready $(8)
	@mkdir -p $$(@D)
	@$(2) $(CPPFLAGS) $(CFLAGS) $(3) -MMD -MP -c -o $$@ $$<

build/$(1)/libecr.a: $(filter-out %/obj/main.o,$(call OBJS,$(1)))
	@rm -f $$@ && ar rcsD $$@ $$^

build/$(1)/ecr: $(call OBJS,$(1)) $(7) $(8)
	@echo "  LD      $$@"
	@$(2) $(4) -o $$@ $(5) $(call OBJS,$(1)) $(7) $(6)

-include $(patsubst %.o,%.d,$(call OBJS,$(1)))
endef

# The release: static, position independent, relocations read-only from the start, against our own musl. The host's
# gcc is told of no header and no library but its own freestanding ones and musl's. One segment holds code and
# constants (noseparate-code): less padding, and RELRO covers the relocated data as before (vendor/patches makes musl
# apply it in a static program).
SIZE        := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables -fPIE
OPT_x86_64  := -fcf-protection=none
OPT_aarch64 := -mbranch-protection=none -mno-outline-atomics
LINK        := -static-pie -nostdlib -s -Wl,--no-dynamic-linker,--gc-sections,--build-id=none,--hash-style=gnu \
	-Wl,--fatal-warnings,-z,text,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code
# Relocations in a bitmap in place of 24 bytes each; musl reads it. Binutils 2.40 can do it for x86-64 alone.
LINK_x86_64 := -Wl,-z,pack-relative-relocs
MUSL         = build/vendor/musl-$(1)
FREESTAND    = -nostdinc -isystem $(MUSL)/include -isystem $(shell $(2) -print-file-name=include 2>/dev/null)
LIBC         = -Wl,--start-group -lc -lgcc -Wl,--end-group $(MUSL)/lib/crtn.o
MAP          = -Wl,-Map=build/$(1)/ecr.map

# $(1): machine, $(2): compiler, $(3): prefix of its binutils
define release
$(call musl,$(1),$(2),$(3),$(SIZE) $(OPT_$(1)))
$(call bearssl,build/$(1),$(2),$(FREESTAND) $(SIZE) $(OPT_$(1)) -fstack-protector-strong,$(MUSL)/lib/libc.a)
$(call variant,$(1),$(2),$(FREESTAND) $(SIZE) $(OPT_$(1)) -Oz -flto,$(SIZE) -Oz $(OPT_$(1)) -fstack-protector-strong -flto -flto-partition=one $(LINK) $(LINK_$(1)) $(MAP) -L$(MUSL)/lib,\
	$(MUSL)/lib/rcrt1.o $(MUSL)/lib/crti.o,$(LIBC),build/$(1)/libbearssl.a,$(MUSL)/lib/libc.a)
endef

$(eval $(call release,$(HOST),$(CC),))
ifneq ($(HOST),aarch64)
$(eval $(call release,aarch64,aarch64-linux-gnu-gcc,aarch64-linux-gnu-))
endif

$(BIN): build/$(HOST)/ecr
	@cp $< $@.new && mv $@.new $@
	@echo "  $@: $$(wc -c <$@) bytes"

aarch64: build/aarch64/ecr

# The test builds, linters, unit tests and fuzzers.
include tests/checks.mk

# The same bytes from another folder, from nothing but the sources and the archives.
reproducible: $(BIN)
	@there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && \
	cp -R --parents Makefile vendor src tests/checks.mk build/vendor/*.archive $$there && \
	$(MAKE) -C $$there >/dev/null && cmp $(BIN) $$there/$(BIN) && \
	echo "  reproducible: $$(sha256sum $(BIN))"

bench soak: $(BIN)
	@tests/$@.sh

clean:
	@rm -rf $(filter-out build/vendor build/venv,$(wildcard build/*))
	@echo "  build/vendor and build/venv are kept; rm -rf build removes all"

help:
	@echo "all aarch64 asan tsan coverage coverage-report lint unit fuzz-short fuzz bench soak reproducible clean"

.PHONY: all aarch64 reproducible bench soak clean help
