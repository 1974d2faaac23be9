import { lazy, Suspense, useState, type ReactElement } from 'react';
import { checkSupport, type Support } from '../client/index.ts';
import { Home } from './home/Home.tsx';
import { Unsupported } from './home/Unsupported.tsx';
import { useRoute } from './hooks/use-route.ts';
import { useTheme } from './hooks/use-theme.ts';
import { Waiting } from './ui/Waiting.tsx';
import { words } from './words.ts';

const InvitePage = lazy(() => import('./invite/InvitePage.tsx'));
const RoomPage = lazy(() => import('./RoomPage.tsx'));

export function App({ support = checkSupport }: { readonly support?: () => Support }): ReactElement {
  const theme = useTheme();
  const route = useRoute();
  const [able] = useState(support);
  if (able.kind === 'none') return <Unsupported support={able} />;
  if (route.kind === 'home') {
    const { typed, why } = route;
    return <Home key={typed} theme={theme} typed={typed} why={why} />;
  }
  if (route.kind === 'invite') {
    return (
      <Suspense fallback={<Waiting state="loading" text={words.loading} />}>
        <InvitePage key={location.hash} code={location.hash.slice(1)} />
      </Suspense>
    );
  }
  return (
    <Suspense fallback={<Waiting state="loading" text={words.loading} />}>
      <RoomPage key={route.room} room={route.room} support={able} theme={theme} />
    </Suspense>
  );
}
