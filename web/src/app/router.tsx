/** Every address of the front end. Pages are fetched when they are first opened. */
import { createBrowserRouter } from "react-router";

import { fetchStudyAhead } from "../studies/fetchAhead";
import { fetchViewerAhead } from "../viewer/lazyViewer";
import { AppFrame } from "./AppFrame";
import { ErrorPage } from "./ErrorPage";
import { NotFoundPage } from "./NotFoundPage";
import { queryClient } from "./query";
import { Root } from "./Root";
import { SessionGate } from "./SessionGate";

/** Nothing for the fraction of a second in which the first page is fetched. */
const Starting = () => null;

export const router = createBrowserRouter([
  {
    Component: Root,
    HydrateFallback: Starting,
    ErrorBoundary: ErrorPage,
    children: [
      {
        path: "/login",
        lazy: async () => ({ Component: (await import("../auth/LoginPage")).LoginPage }),
      },
      {
        path: "/login/provider",
        lazy: async () => ({ Component: (await import("../auth/ProviderPage")).ProviderPage }),
      },
      {
        path: "/password",
        lazy: async () => ({ Component: (await import("../auth/PasswordPage")).PasswordPage }),
      },
      {
        path: "/p/:token",
        lazy: async () => ({ Component: (await import("../patient/VisitPage")).VisitPage }),
      },
      {
        Component: SessionGate,
        ErrorBoundary: ErrorPage,
        children: [
          {
            path: "/room/:consultId",
            handle: { reading: true },
            lazy: async () => {
              fetchViewerAhead();
              return { Component: (await import("../room/RoomPage")).RoomPage };
            },
          },
          {
            Component: AppFrame,
            ErrorBoundary: ErrorPage,
            children: [
              {
                index: true,
                lazy: async () => ({ Component: (await import("../worklist/HomePage")).HomePage }),
              },
              {
                path: "/upload",
                lazy: async () => ({ Component: (await import("../upload/UploadPage")).UploadPage }),
              },
              {
                path: "/studies/:studyInstanceUid",
                handle: { reading: true },
                loader: ({ params, request }) => {
                  const finding = new URL(request.url).searchParams.get("finding");
                  void fetchStudyAhead(queryClient, params["studyInstanceUid"] ?? "", finding);
                  return null;
                },
                lazy: async () => ({ Component: (await import("../studies/StudyPage")).StudyPage }),
              },
              {
                path: "/consults/new",
                lazy: async () => ({ Component: (await import("../consults/NewConsultPage")).NewConsultPage }),
              },
              {
                path: "/consults/:consultId",
                lazy: async () => ({ Component: (await import("../consults/ConsultPage")).ConsultPage }),
              },
              {
                path: "/consults/:consultId/report",
                lazy: async () => ({ Component: (await import("../reports/VersionsPage")).VersionsPage }),
              },
              {
                path: "/calendar",
                lazy: async () => ({ Component: (await import("../calendar/CalendarPage")).CalendarPage }),
              },
              {
                path: "/schedule",
                lazy: async () => ({ Component: (await import("../schedule/SchedulePage")).SchedulePage }),
              },
              {
                path: "/archives",
                lazy: async () => ({ Component: (await import("../archives/ArchivesPage")).ArchivesPage }),
              },
              {
                path: "/institution",
                lazy: async () => ({ Component: (await import("../institution/InstitutionPage")).InstitutionPage }),
              },
              {
                path: "/institution/templates/import",
                lazy: async () => ({ Component: (await import("../templates/TemplateEditorPage")).ImportedTemplatePage }),
              },
              {
                path: "/institution/templates/:templateId",
                lazy: async () => ({ Component: (await import("../templates/TemplateEditorPage")).TemplateEditorPage }),
              },
              {
                path: "/institution/templates/:templateId/copy",
                lazy: async () => ({ Component: (await import("../templates/TemplateEditorPage")).CopyTemplatePage }),
              },
              {
                path: "/devices",
                lazy: async () => ({ Component: (await import("../devices/DevicesPage")).DevicesPage }),
              },
              {
                path: "/models",
                lazy: async () => ({ Component: (await import("../models/ModelsPage")).ModelsPage }),
              },
              {
                path: "/notifications",
                lazy: async () => ({
                  Component: (await import("../notifications/NotificationsPage")).NotificationsPage,
                }),
              },
              {
                path: "/security",
                lazy: async () => ({ Component: (await import("../security/SecurityPage")).SecurityPage }),
              },
              {
                path: "/privacy",
                lazy: async () => ({ Component: (await import("../audit/PrivacyPage")).PrivacyPage }),
              },
              {
                path: "/manage",
                lazy: async () => ({ Component: (await import("../manage/ManagePage")).ManagePage }),
              },
              { path: "*", Component: NotFoundPage },
            ],
          },
        ],
      },
    ],
  },
]);
