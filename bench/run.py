"""The order of the run: seed, then each group of measures, then the table."""

from bench import custody, environment, seed


def main():
    print(seed.seed(environment.scale()))
    print(custody.measure())
