#ifndef ECR_NET_AES_ARM_H
#define ECR_NET_AES_ARM_H

#include <bearssl_block.h>
#include <bearssl_hash.h>

/*
 * AES-GCM by the instructions of ARMv8 (FIPS 197, NIST SP 800-38D), which BearSSL has none for, in the forms that it
 * takes. Both are NULL on other machines, and on processors without them.
 */
const br_block_ctr_class *aes_arm_ctr(void);
br_ghash aes_arm_ghash(void);

#endif
