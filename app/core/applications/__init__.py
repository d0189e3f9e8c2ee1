"""Applications for benefits (礼遇申请): states, terms, deciders and notices. Pure, like all the core."""
