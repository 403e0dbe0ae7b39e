#ifndef ECR_BASE_GUARD_H
#define ECR_BASE_GUARD_H

/*
 * What a program that handles secrets does first: no core dumps, and nothing that it opens may take the place of a
 * standard stream that is closed.
 */
void process_guard(void);

#endif
