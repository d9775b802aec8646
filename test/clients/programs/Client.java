import java.io.File;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

/** Does one thing with JGit: clone, push or tag. Prints what the server said; exits 1 when it was refused. */
public class Client {
  public static void main(String[] args) throws Exception {
    String verb = args[0], url = args[1], name = args[4];
    File folder = new File(args[3]);
    var login = new UsernamePasswordCredentialsProvider("git", args[2]);
    var me = new PersonIdent("Ann", "ann@example.com");
    if (verb.equals("clone")) {
      Git.cloneRepository().setURI(url).setDirectory(folder).setCredentialsProvider(login).call().close();
      return;
    }
    boolean refused = false;
    try (Git git = Git.open(folder)) {
      String spec = "HEAD:" + name;
      if (verb.equals("tag")) {
        git.tag().setName(name).setAnnotated(true).setMessage("one").setTagger(me).call();
        spec = "refs/tags/" + name;
      } else {
        git.commit().setMessage("more").setAllowEmpty(true).setAuthor(me).setCommitter(me).setSign(false).call();
      }
      var push = git.push().setRemote(url).setRefSpecs(new RefSpec(spec)).setCredentialsProvider(login);
      for (PushResult result : push.call()) {
        System.out.println(result.getMessages());
        for (RemoteRefUpdate update : result.getRemoteUpdates()) {
          System.out.println(update);
          refused |= update.getStatus() != RemoteRefUpdate.Status.OK;
        }
      }
    }
    System.exit(refused ? 1 : 0);
  }
}
