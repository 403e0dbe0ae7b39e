# The program as its tests want it. Included by the Makefile, which says what a variant is.

# The host's own C library, each with a BearSSL that fits. ThreadSanitizer knows threads made by pthread_create only,
# not C11's; kernels that randomise much may need `setarch -R` to run build/tsan/ecr.
TEST := -g -fno-omit-frame-pointer
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -fsanitize=thread
COV  := --coverage -fprofile-update=atomic
FUZZ := -fsanitize=address,undefined -fno-sanitize-recover=all
LIB  := build/host/libbearssl.a
$(eval $(call bearssl,build/host,$(CC),-O2 -fPIE))
$(eval $(call bearssl,build/asan,$(CC),-O1 $(TEST) -fsanitize=address))
$(eval $(call bearssl,build/tsan,$(CC),-O1 $(TEST) $(TSAN)))
$(eval $(call variant,asan,$(CC),-O1 $(TEST) $(SAN),$(SAN),,-pthread,build/asan/libbearssl.a))
$(eval $(call variant,tsan,$(CC),-O1 $(TEST) $(TSAN),$(TSAN),,-pthread,build/tsan/libbearssl.a))
$(eval $(call variant,cov,$(CC),-O0 $(TEST) $(COV),$(COV),,-pthread,$(LIB)))
$(eval $(call variant,fuzz,$(CLANG),-O1 $(TEST) $(FUZZ) -fsanitize=fuzzer-no-link,$(FUZZ),,-pthread,$(LIB)))

asan: build/asan/ecr
tsan: build/tsan/ecr
coverage: build/cov/ecr

# After the tests have run build/cov/ecr: line coverage of src/.
GCOVR ?= $(firstword $(wildcard build/venv/bin/gcovr) gcovr)
coverage-report:
	@$(GCOVR) --root . --filter src/ --exclude-unreachable-branches --sort-percentage build/cov/obj

# Unit tests: one program per tests/unit/test_*.c, with cmocka, all of src/ but main.c, and the sanitizers.
UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
build/unit/%: tests/unit/%.c build/asan/libecr.a build/asan/libbearssl.a
	@echo "  CC      $@"
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -O1 $(TEST) $(SAN) -MMD -MP -o $@ $< build/asan/libecr.a build/asan/libbearssl.a \
	    -lcmocka -pthread
-include $(UNIT:%=build/unit/%.d)

unit: $(UNIT:%=run-%)
run-test_%: build/unit/test_%
	@echo "  UNIT    $*"
	@$< >$<.log 2>&1 || { grep -v '^\[ *\(RUN\|OK\|=*\) *\]' $<.log; exit 1; }

# Those with threads, under ThreadSanitizer: tests/test_threads.py runs them.
build/unit-tsan/%: tests/unit/%.c build/tsan/libecr.a build/tsan/libbearssl.a
	@echo "  CC      $@"
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -O1 $(TEST) $(TSAN) -MMD -MP -o $@ $< build/tsan/libecr.a build/tsan/libbearssl.a \
	    -lcmocka -pthread
-include $(wildcard build/unit-tsan/*.d)

# Fuzzing: tests/fuzz/fuzz_NAME.c, with fuzz_NAME.dict and corpus/NAME/ where they exist. New finds go to
# build/fuzz/corpus/; the corpus under tests/ is only read.
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
build/fuzz/%: tests/fuzz/%.c build/fuzz/libecr.a $(LIB)
	@echo "  CC      $@"
	@mkdir -p $(@D)
	@$(CLANG) $(CPPFLAGS) $(CFLAGS) -O1 $(TEST) $(FUZZ) -fsanitize=fuzzer -MMD -MP -o $@ $< build/fuzz/libecr.a $(LIB) \
	    -pthread
-include $(FUZZERS:%=build/fuzz/%.d)

fuzz-short: $(FUZZERS:%=run-%)
fuzz:
	@$(MAKE) fuzz-short FUZZ_SECONDS=600
run-fuzz_%: build/fuzz/fuzz_%
	@echo "  FUZZ    $* ($(FUZZ_SECONDS) s)"
	@mkdir -p build/fuzz/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -artifact_prefix=build/fuzz/$*- -verbosity=0 -print_final_stats=1 \
	    $(addprefix -dict=,$(wildcard tests/fuzz/fuzz_$*.dict)) build/fuzz/corpus/$* $(wildcard tests/fuzz/corpus/$*) \
	    >build/fuzz/$*.log 2>&1 || \
	    { tail -n 60 build/fuzz/$*.log; exit 1; }

# Both compilers with every warning an error, then the checkers, which look for bugs, not for taste. What is suppressed of
# cppcheck are no findings: that it does not read the C library's headers, and (from 2.11 on) not every branch, and readdir (one
# thread has each folder).
LINT := $(filter-out build/gen/%,$(SRC))
define linter
build/lint/$(1)/%.o: src/%.c Makefile | $(BEARSSL)/.ready
	@echo "  LINT    $(1) $$<"
	@mkdir -p $$(@D)
	@$(1) $(CPPFLAGS) $(WARNINGS) -Werror -O2 -MMD -MP -c -o $$@ $$<
-include $(LINT:src/%.c=build/lint/$(1)/%.d)
endef
$(eval $(call linter,gcc))
$(eval $(call linter,clang))
build/lint/%.tidy: src/%.c build/lint/clang/%.o .clang-tidy
	@echo "  LINT    clang-tidy $<"
	@mkdir -p $(@D)
	@clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

lint: $(LINT:src/%.c=build/lint/gcc/%.o) $(LINT:src/%.c=build/lint/clang/%.o) $(LINT:src/%.c=build/lint/%.tidy)
	@echo "  LINT    cppcheck"
	@mkdir -p build/lint/cppcheck
	@cppcheck --quiet -j 2 --cppcheck-build-dir=build/lint/cppcheck --std=c11 --library=posix -D_GNU_SOURCE -Isrc \
	    --enable=warning,portability --error-exitcode=1 --inline-suppr --suppress=readdirCalled --suppress=missingIncludeSystem \
	    --suppress=normalCheckLevelMaxBranches src

.PHONY: asan tsan coverage coverage-report unit fuzz fuzz-short lint
