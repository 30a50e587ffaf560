# a ⁦comment⁩ ‮reversed
echo 1
