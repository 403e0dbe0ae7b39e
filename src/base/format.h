#ifndef ECR_BASE_FORMAT_H
#define ECR_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * As much of printf as this program uses: %s %c %d %u %x %X %%, with the sizes l, ll and z, a width with '0' or '-', and a
 * precision (".*" too) for %s. What is none of these ends the program: the compiler checks arguments, the tests formats.
 * The C library's own would take ten kilobytes, for wide characters and floating point.
 */
typedef void format_writer(void *context, const char *data, size_t len);
void format_write(format_writer *write, void *context, const char *format, va_list args);

#endif
