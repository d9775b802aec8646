# Runs a command and becomes the parent of every process below it that loses its own: what those used is then found in this
# process's account of ended children. Sandboxes end that way, and their CPU would be nobody's.
# Arguments: the number of prctl among this machine's system calls; the command.
use strict;
use warnings;

my ($set_parent_death_signal, $set_child_subreaper, $sigkill) = (1, 36, 9);
my $prctl = shift(@ARGV) + 0;
syscall($prctl, $set_child_subreaper, 1, 0, 0, 0) == 0 or die "cannot become a subreaper: $!\n";

my $child = fork();
defined $child or die "cannot fork: $!\n";
if ($child == 0) {
  syscall($prctl, $set_parent_death_signal, $sigkill, 0, 0, 0);
  exec @ARGV or die "cannot run $ARGV[0]: $!\n";
}
for my $signal (qw(INT TERM HUP)) {
  $SIG{$signal} = sub { kill $signal, $child };
}
# A signal interrupts the wait, which then gives -1.
while (waitpid(-1, 0) != $child) { }
exit(($? & 127) ? 128 + ($? & 127) : $? >> 8);
