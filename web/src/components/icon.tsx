import {
  Activity,
  ArrowDownToLine,
  ArrowUpRight,
  Ban,
  Bell,
  Bot,
  Box,
  Check,
  ChevronDown,
  ChevronLeft,
  ChevronRight,
  ChevronUp,
  Circle,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleSlash,
  CircleX,
  Clock,
  Columns3,
  Copy,
  Diff,
  Download,
  Ellipsis,
  ExternalLink,
  File,
  FileCode,
  Folder,
  FolderGit2,
  GitBranch,
  GitCommitHorizontal,
  GitMerge,
  GitPullRequest,
  GitPullRequestClosed,
  Hand,
  House,
  Keyboard,
  List,
  KeyRound,
  LoaderCircle,
  Lock,
  LogOut,
  Menu,
  MessageSquare,
  Monitor,
  Moon,
  Package,
  PanelLeft,
  Pause,
  Pencil,
  Play,
  Plus,
  Rocket,
  RotateCcw,
  Layers,
  ScrollText,
  Search,
  Settings,
  Shield,
  SkipForward,
  Square,
  Sun,
  Tag,
  Terminal,
  Trash2,
  TriangleAlert,
  Undo2,
  User,
  Users,
  Waypoints,
  Workflow,
  WrapText,
  X,
} from 'lucide';
import { h, type JSX } from 'preact';

const icons = {
  activity: Activity,
  alert: CircleAlert,
  ban: Ban,
  bell: Bell,
  blocked: Ban,
  bot: Bot,
  box: Box,
  board: Columns3,
  branch: GitBranch,
  cancelled: CircleSlash,
  check: Check,
  'chevron-down': ChevronDown,
  'chevron-left': ChevronLeft,
  'chevron-right': ChevronRight,
  'chevron-up': ChevronUp,
  circle: Circle,
  clock: Clock,
  code: FileCode,
  comment: MessageSquare,
  commit: GitCommitHorizontal,
  copy: Copy,
  degraded: TriangleAlert,
  deploy: Rocket,
  diff: Diff,
  download: Download,
  edit: Pencil,
  external: ExternalLink,
  failure: CircleX,
  file: File,
  folder: Folder,
  follow: ArrowDownToLine,
  home: House,
  issue: CircleDot,
  'issue-closed': CircleCheck,
  key: KeyRound,
  keyboard: Keyboard,
  list: List,
  lock: Lock,
  menu: Menu,
  merge: GitMerge,
  'merge-request': GitPullRequest,
  'merge-request-closed': GitPullRequestClosed,
  monitor: Monitor,
  moon: Moon,
  more: Ellipsis,
  package: Package,
  pause: Pause,
  paused: CirclePause,
  play: Play,
  plus: Plus,
  project: FolderGit2,
  promote: ArrowUpRight,
  queued: CircleDashed,
  rail: PanelLeft,
  rerun: RotateCcw,
  running: LoaderCircle,
  scale: Layers,
  scroll: ScrollText,
  search: Search,
  settings: Settings,
  shield: Shield,
  signout: LogOut,
  skip: SkipForward,
  skipped: CircleDot,
  stop: Square,
  success: CircleCheck,
  sun: Sun,
  tag: Tag,
  terminal: Terminal,
  timeline: Waypoints,
  trash: Trash2,
  undo: Undo2,
  user: User,
  users: Users,
  waiting: Hand,
  warning: TriangleAlert,
  workflow: Workflow,
  wrap: WrapText,
  x: X,
} as const;

export type IconName = keyof typeof icons;

interface IconProps {
  name: IconName;
  size?: number;
  class?: string;
  /** spoken name; without it the icon is decoration */
  label?: string;
}

/** One icon of the set (lucide), 16 px, in the colour of the text. */
export function Icon({ name, size = 16, class: className, label }: IconProps): JSX.Element {
  return (
    <svg
      class={`icon ${className ?? ''}`}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={2}
      stroke-linecap="round"
      stroke-linejoin="round"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : 'true'}
    >
      {icons[name].map(([tag, attributes], index) => h(tag, { key: index, ...attributes }))}
    </svg>
  );
}
