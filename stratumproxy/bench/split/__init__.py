"""Made-up farms under the controller that splits them: what error is left, and how many moves.

The controller is `routing.split`, the code that the proxy runs. docs/split.md has its results.

===========  =====================================================================
`farm`       what is simulated: machines, weights, what goes wrong
`shares`     shares as a Poisson process, drawn for some seconds at once
`day`        one run
`trials`     many runs: their medians and worst, as a table and as JSON
`picture`    debts over a day
===========  =====================================================================
"""
