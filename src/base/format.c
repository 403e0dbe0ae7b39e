#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

#define DIGITS_MAX 24 /* of 64 bits in decimal, with a sign */

/* One conversion: "%-08.*lld". */
struct conversion {
    bool left, zeros;
    size_t width;
    int precision; /* -1: none */
    int longs;     /* 1: long or size_t, 2: long long */
    char kind;
};

static const char *read_number(const char *at, size_t *number)
{
    for (*number = 0; ascii_is_digit(*at); at++)
        *number = *number * 10 + (size_t)(*at - '0');
    return at;
}

static const char *read_conversion(const char *at, struct conversion *conversion, va_list *args)
{
    size_t precision;
    *conversion = (struct conversion){.precision = -1};
    for (; *at == '-' || *at == '0'; at++)
        *(*at == '-' ? &conversion->left : &conversion->zeros) = true;
    at = read_number(at, &conversion->width);
    if (*at == '.' && at[1] == '*') {
        conversion->precision = va_arg(*args, int);
        at += 2;
    } else if (*at == '.') {
        at = read_number(at + 1, &precision);
        conversion->precision = (int)precision;
    }
    for (; *at == 'l' || *at == 'z'; at++)
        conversion->longs++;
    conversion->kind = *at;
    return at + 1;
}

static uint64_t take_unsigned(const struct conversion *conversion, va_list *args)
{
    if (conversion->longs == 0)
        return va_arg(*args, unsigned);
    return conversion->longs == 1 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned long long);
}

static int64_t take_signed(const struct conversion *conversion, va_list *args)
{
    if (conversion->longs == 0)
        return va_arg(*args, int);
    return conversion->longs == 1 ? va_arg(*args, long) : va_arg(*args, long long);
}

static void pad(format_writer *write, void *context, char with, size_t len, size_t width)
{
    for (; len < width; len++)
        write(context, &with, 1);
}

static void put(format_writer *write, void *context, const struct conversion *conversion, const char *text, size_t len)
{
    bool zeros = conversion->zeros && !conversion->left;
    if (zeros && len && *text == '-') { /* the sign stands before the zeros */
        write(context, text++, 1);
        len--;
        pad(write, context, '0', len + 1, conversion->width);
    } else if (!conversion->left) {
        pad(write, context, zeros ? '0' : ' ', len, conversion->width);
    }
    write(context, text, len);
    if (conversion->left)
        pad(write, context, ' ', len, conversion->width);
}

static void put_number(format_writer *write, void *context, const struct conversion *conversion, uint64_t number,
                       bool negative)
{
    char text[DIGITS_MAX], *at = text + sizeof text;
    unsigned base = conversion->kind == 'x' || conversion->kind == 'X' ? 16 : 10;
    const char *digits = conversion->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        *--at = digits[number % base];
        number /= base;
    } while (number);
    if (negative)
        *--at = '-';
    put(write, context, conversion, at, (size_t)(text + sizeof text - at));
}

static void put_text(format_writer *write, void *context, const struct conversion *conversion, const char *text)
{
    size_t limit = conversion->precision < 0 ? SIZE_MAX : (size_t)conversion->precision, len = 0;
    while (len < limit && text[len])
        len++;
    put(write, context, conversion, text, len);
}

static void convert(format_writer *write, void *context, const struct conversion *conversion, va_list *args)
{
    int64_t number;
    char c;
    switch (conversion->kind) {
    case 's':
        put_text(write, context, conversion, va_arg(*args, const char *));
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put(write, context, conversion, &c, 1);
        break;
    case 'd':
        number = take_signed(conversion, args);
        put_number(write, context, conversion, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, number < 0);
        break;
    case 'u':
    case 'x':
    case 'X':
        put_number(write, context, conversion, take_unsigned(conversion, args), false);
        break;
    case '%':
        write(context, "%", 1);
        break;
    default:
        abort();
    }
}

void format_write(format_writer *write, void *context, const char *format, va_list args)
{
    struct conversion conversion;
    va_list rest;
    va_copy(rest, args);
    while (*format) {
        size_t plain = strcspn(format, "%");
        if (plain)
            write(context, format, plain);
        format += plain;
        if (*format) {
            format = read_conversion(format + 1, &conversion, &rest);
            convert(write, context, &conversion, &rest);
        }
    }
    va_end(rest);
}
