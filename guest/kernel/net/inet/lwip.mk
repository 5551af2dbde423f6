# SPDX-License-Identifier: Apache-2.0
# lwip.mk: which sources of lwIP are built, and how.
LWIP := build/lwip/src/src
LWIP_SRCS := $(addprefix core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c raw.c \
        tcp.c tcp_in.c tcp_out.c udp.c \
        $(addprefix ipv4/,icmp.c ip4.c ip4_addr.c) \
        $(addprefix ipv6/,icmp6.c inet6.c ip6.c ip6_addr.c nd6.c))
LWIP_OBJS := $(patsubst %,$(B)/lwip/%.o,$(LWIP_SRCS))
LWIP_INC  := -isystem $(LWIP)/include -Iguest/kernel/net -Iguest/kernel/net/inet

build/lwip/.ready: tools/setup
	$(Q)tools/setup lwip; touch $@
$(B)/lwip/%.o: build/lwip/.ready guest/kernel/net/inet/lwipopts.h guest/kernel/net/inet/arch/cc.h guest/kernel/net/inet/lwip.mk | build/newlib/.ready
	$(Q)mkdir -p $(@D); $(CC) $(filter-out -Wstrict% -Wframe%,$(GUEST_CFLAGS)) -w $(LWIP_INC) -c -o $@ $(LWIP)/$*
# Errors of our own, which tell more of what they are about; answers go out by us (icmp.c).
$(B)/lwip/core/ipv4/icmp.c.o $(B)/lwip/core/ipv6/icmp6.c.o: GUEST_CFLAGS += \
        -Dicmp_dest_unreach=lwip_icmp_dest_unreach -Dicmp6_dest_unreach=lwip_icmp6_dest_unreach \
        -Dip4_output_if=icmp_output4 -Dip6_output_if=icmp_output6
$(B)/guest/guest/kernel/net/inet/%.o: GUEST_CFLAGS += $(LWIP_INC)
$(patsubst %,$(B)/guest/%.o,$(wildcard guest/kernel/net/inet/*.c)): build/lwip/.ready
