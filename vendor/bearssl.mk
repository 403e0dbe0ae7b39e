# Compiles every source file of BearSSL by itself; its own makefiles would do the same with more options.
# SRCDIR, OUT, CC, CFLAGS come from vendor.mk.

SRC := $(sort $(wildcard $(SRCDIR)/src/*.c $(SRCDIR)/src/*/*.c))
OBJ := $(SRC:$(SRCDIR)/src/%.c=$(OUT)/bearssl/%.o)

$(OUT)/libbearssl.a: $(OBJ)
	rm -f $@
	ar rcsD $@ $(OBJ)

$(OUT)/bearssl/%.o: $(SRCDIR)/src/%.c vendor/bearssl.mk
	mkdir -p $(@D)
	$(CC) $(CFLAGS) -w -I$(SRCDIR)/src -I$(SRCDIR)/inc -c -o $@ $<
