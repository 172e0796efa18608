"""A seeded simulator: the real engine against the pretend Odoo, through random worlds, days, faults and deaths.

python -m tests.simulation --seed 17      one seed, told step by step
python -m tests.simulation --count 200    seeds 0 to 199
python -m tests.simulation --soak         until told to stop; a failing seed is printed, and replays exactly
"""
