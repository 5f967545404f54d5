"""The whole application under a virtual clock, with partners, connections and workers that fail, compared after each
step with an auditor who is told only what was asked and answered. `./dev simulate`."""
